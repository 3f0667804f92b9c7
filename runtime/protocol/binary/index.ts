// Tensors as the binary tensor extension of the Open Inference Protocol lays them out: little-endian elements without
// gaps; BOOL a byte of 0 or 1; BYTES four bytes of length before each element.
// https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md

export { readBinary, type BinaryInput } from './read.ts';
export { writeBinary } from './write.ts';
