import { readFile } from 'node:fs/promises';
import { FailureError } from '#contract/failure.ts';
import type { Golden, Manifest } from '#contract/model-manifest.ts';
import type { PictureReader } from '#runtime/image/index.ts';
import type { Nested } from '#runtime/protocol/nested.ts';
import type { ModelSource } from './source.ts';

/** golden.json with its pictures decoded: an input's value is a field of a request, or a tensor. */
export interface GoldenRequests {
  readonly tolerance: number;
  readonly rows: readonly {
    readonly input: Readonly<Record<string, unknown>>;
    readonly output: Golden['rows'][number]['output'];
  }[];
}

/** Decodes the pictures that golden requests name, as a caller's would be. Throws InvalidManifest. */
export async function readGolden(
  { manifest, golden, files }: ModelSource,
  reader: PictureReader | undefined,
): Promise<GoldenRequests | undefined> {
  const name = manifest?.inputs.find(({ image }) => image !== undefined)?.name;
  if (golden === undefined || manifest === undefined || reader === undefined || name === undefined)
    return golden;
  const rows = [];
  for (const { input, output } of golden.rows) {
    const path = String(input[name]);
    const file = files.get(manifest.files[path]?.sha256 ?? '') ?? path;
    rows.push({ input: { [name]: await decode(reader, manifest, path, await readFile(file)) }, output });
  }
  return { tolerance: golden.tolerance, rows };
}

async function decode(
  reader: PictureReader,
  { golden }: Manifest,
  path: string,
  bytes: Buffer,
): Promise<Nested & { toJSON(): string }> {
  const checked = reader.check({ bytes, declared: undefined });
  const refuse = (message: string): FailureError =>
    new FailureError('InvalidManifest', `${golden}: the picture ${path} ${message}; write the bundle again`);
  if (checked.kind === 'refused') throw refuse(checked.refusal.message);
  try {
    // Messages that quote the request name the file.
    return { ...(await reader.read(checked)), toJSON: () => path };
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error));
  }
}
