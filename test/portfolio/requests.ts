import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  goldenSchema,
  manifestSchema,
  referenceSchema,
  type Manifest,
  type Reference,
} from '#contract/model-manifest.ts';
import { seeded } from '#test/support/random.ts';
import { csvRows } from './csv.ts';
import { isKept, isWhole, requestRow } from './rows.ts';

/** A request of POST /predict as a client of the model sends it. */
export interface PredictRequest {
  readonly contentType: string;
  readonly body: Uint8Array | string;
}

const BOUNDARY = 'windlass-portfolio';
/** Distributed as the data; nobody watches a demo for longer than these last. */
const MOST_REQUESTS = 5000;

/**
 * Requests as the model's inputs allow, from the bundle's golden ones: those that try missing and unknown values are left
 * out.
 */
export async function requestsOf(bundle: string): Promise<readonly PredictRequest[]> {
  const { rows } = goldenSchema.parse(await json(bundle, 'golden.json'));
  const manifest = await manifestOf(bundle);
  const picture = pictureInput(manifest);
  const inputs = rows.map(({ input }) => input);
  const requests =
    picture === undefined
      ? inputs.filter((input) => isWhole(input, manifest)).map(jsonRequest)
      : await Promise.all(
          inputs.map(async (input) =>
            pictureRequest(await readFile(join(bundle, String(input[picture.name])))),
          ),
        );
  if (requests.length === 0) throw new Error(`${bundle}/golden.json has no row that is a whole request`);
  return requests;
}

/**
 * Requests with the rows (or the pictures) that the model was trained on, shuffled: what is asked for is distributed as
 * in training, so that a model that is asked for them does not drift. `data` is a CSV file, or a folder of pictures.
 */
export async function requestsOfData(bundle: string, data: string): Promise<readonly PredictRequest[]> {
  const manifest = await manifestOf(bundle);
  if (pictureInput(manifest) !== undefined) return trainedPictures(data);
  const reference: Reference = referenceSchema.parse(
    await json(bundle, manifest.reference ?? 'reference.json'),
  );
  const rows = csvRows(await readFile(data, 'utf8'))
    .map((row) => requestRow(row, manifest))
    .filter((input) => isWhole(input, manifest) && isKept(input, reference));
  if (rows.length === 0) throw new Error(`${data} has no row that is a whole request`);
  return shuffled(rows).slice(0, MOST_REQUESTS).map(jsonRequest);
}

/** As training has them: <split>/<class>/<file>. The reference's bins are of the split Train. */
async function trainedPictures(folder: string): Promise<readonly PredictRequest[]> {
  const found = await readdir(join(folder, 'Train'), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
  if (files.length === 0) throw new Error(`${folder}/Train has no pictures`);
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).toSorted();
  const chosen = shuffled(paths).slice(0, MOST_REQUESTS);
  return Promise.all(chosen.map(async (path) => pictureRequest(await readFile(path))));
}

async function json(bundle: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(bundle, file), 'utf8'));
}

async function manifestOf(bundle: string): Promise<Manifest> {
  return manifestSchema.parse(await json(bundle, 'model.json'));
}

function pictureInput({ inputs }: Manifest): Manifest['inputs'][number] | undefined {
  return inputs.find(({ image }) => image !== undefined);
}

/** In an order that is the same each time: files may be sorted by what a model looks at. */
function shuffled<T>(values: readonly T[]): readonly T[] {
  const random = seeded(values.length);
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

function jsonRequest(input: Readonly<Record<string, unknown>>): PredictRequest {
  return { contentType: 'application/json', body: JSON.stringify(input) };
}

function pictureRequest(picture: Uint8Array): PredictRequest {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="leaf"\r\nContent-Type: ${mediaTypeOf(picture)}\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([Buffer.from(head), picture, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}

/** Golden pictures are PNGs, those of the data JPEGs. */
function mediaTypeOf(picture: Uint8Array): string {
  return picture[0] === 0xff ? 'image/jpeg' : 'image/png';
}
