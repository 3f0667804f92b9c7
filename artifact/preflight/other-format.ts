/** What people upload under a name that ends in .onnx: how it begins (as Latin-1), and what to say. */
const FORMATS: readonly (readonly [begins: readonly string[], says: string])[] = [
  [['PK\x03\x04'], 'is a zip archive (a PyTorch or Keras model?), not an ONNX model. Export it to ONNX'],
  [
    ['\x80\x02', '\x80\x03', '\x80\x04', '\x80\x05'],
    'is a Python pickle, not an ONNX model. Export it to ONNX (skl2onnx, torch.onnx)',
  ],
  [['\x89HDF'], 'is an HDF5 file (a Keras model?), not an ONNX model. Export it to ONNX (tf2onnx)'],
  [['\x1f\x8b'], 'is a gzip archive, not an ONNX model. Upload it unpacked'],
  [['version https:'], 'is a Git LFS pointer and not the file itself. Run git lfs pull, and upload it again'],
  [['<'], 'is an HTML or XML text, not an ONNX model. Upload it again'],
  [['{', '['], 'is a JSON text, not an ONNX model. Upload it again'],
];

/** What a file that is no ONNX model is, from its first bytes; undefined where they do not tell. */
export function otherFormat(head: Uint8Array): string | undefined {
  if (head.length === 0) return 'is empty (0 bytes). Upload it again';
  const text = Buffer.from(head.subarray(0, 16)).toString('latin1').trimStart();
  if (['TFL3', 'ORTM'].includes(text.slice(4, 8))) {
    return 'is a FlatBuffers model (TFLite or ORT format), not an ONNX model. Upload the .onnx file';
  }
  return FORMATS.find(([begins]) => begins.some((start) => text.startsWith(start)))?.[1];
}
