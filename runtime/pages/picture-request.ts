import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Pictures } from '#runtime/image/index.ts';
import type { Model } from '#runtime/model/load.ts';
import type { ExampleRow, Start } from './example-rows.ts';

interface PictureRequest {
  readonly files: readonly string[];
  readonly outputs: readonly ExampleRow['output'][];
  readonly start: Start;
}

/** A request with the bundle's golden pictures: one, or two for a batch. Throws where it has none. */
export async function pictureRequest(
  { manifest, source }: Model,
  pictures: Pictures,
  batch: boolean,
): Promise<PictureRequest> {
  const name = manifest.inputs[0]?.name ?? '';
  const rows = source.golden?.rows.slice(0, batch ? 2 : 1) ?? [];
  const paths = rows.map(({ input }) => String(input[name]));
  if (paths.length === 0) throw new Error(`${manifest.name} has no golden pictures`);
  const form = new FormData();
  for (const path of paths) {
    const file = source.files.get(manifest.files[path]?.sha256 ?? '') ?? path;
    form.append('file', new Blob([await readFile(file)]), basename(path));
  }
  const encoded = new Response(form);
  const contentType = encoded.headers.get('content-type') ?? undefined;
  const sent = { bytes: Buffer.from(await encoded.arrayBuffer()), contentType, gone: () => false };
  const answer = batch ? pictures.predictBatch : pictures.predict;
  return {
    files: paths.map((path) => basename(path)),
    outputs: rows.map(({ output }) => output),
    start: (context, sink) => answer(sent, context, sink),
  };
}
