import type { InferenceService, ServedModel } from './inference-service.ts';
import type { Notes } from './notes.ts';

export interface PlaceOptions {
  /** The graph's path below the storage path. */
  readonly file?: string | undefined;
  /** Where `storage.path` lies, unless its parameters say so. */
  readonly bucket?: string | undefined;
}

const CHECK_FILE =
  'KServe took what lies below this path; Windlass takes one object, or a bundle (a prefix with model.json, and a slash at the end): check the name, or give it with --file';

/** spec.model.uri of the model, or why it has none. */
export function placeOf(
  { metadata: { name } }: InferenceService,
  { field, framework, repository }: ServedModel,
  { file, bucket }: PlaceOptions,
  notes: Notes,
): { readonly uri: string } | { readonly refused: string } {
  const { storageUri, storage } = framework;
  const at = ['spec', 'predictor', field];
  const storagePath = [...at, 'storage'];
  notes.taken([...at, 'storageUri'], [...storagePath, 'path'], [...storagePath, 'parameters', 'bucket']);
  notes.taken([...storagePath, 'parameters', 'type']);
  const given = storageUri ?? storageOf(storage, bucket);
  if (given === undefined) {
    return storage?.path === undefined
      ? { refused: 'its predictor has neither storageUri nor storage.path: nothing says where the model is' }
      : { refused: 'spec.predictor.*.storage has a path and no bucket; say which one with --bucket NAME' };
  }
  if (!given.startsWith('s3://')) {
    const scheme = given.split(':')[0] ?? '';
    return {
      refused: `its model is at ${scheme}:, and Windlass reads from S3 and MLflow: copy it into a bucket (any S3-compatible store will do), and change storageUri`,
    };
  }
  const place = given.replace(/\/+$/, '');
  if (place.endsWith('.onnx')) return { uri: place };
  const path = storageUri === undefined ? [...storagePath, 'path'] : [...at, 'storageUri'];
  if (file === '') return { uri: `${place}/` };
  notes.check(path, CHECK_FILE);
  return { uri: `${place}/${file ?? (repository ? `${name}/1/model.onnx` : 'model.onnx')}` };
}

function storageOf(
  storage: ServedModel['framework']['storage'],
  bucket: string | undefined,
): string | undefined {
  const { path, parameters } = storage ?? {};
  const where = parameters?.['bucket'] ?? bucket;
  if (path === undefined) return undefined;
  if (path.startsWith('s3://')) return path;
  return where === undefined ? undefined : `s3://${where}/${path.replace(/^\/+/, '')}`;
}
