import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { goldenSchema, manifestSchema, type Manifest } from '#contract/model-manifest.ts';

/** A request of POST /predict as a client of the model sends it. */
export interface PredictRequest {
  readonly contentType: string;
  readonly body: Uint8Array | string;
}

const BOUNDARY = 'windlass-portfolio';

/**
 * Requests as the model's inputs allow, from the bundle's golden ones: those that try missing and unknown values are left
 * out.
 */
export async function requestsOf(bundle: string): Promise<readonly PredictRequest[]> {
  const json = async (file: string): Promise<unknown> =>
    JSON.parse(await readFile(join(bundle, file), 'utf8'));
  const { rows } = goldenSchema.parse(await json('golden.json'));
  const manifest = manifestSchema.parse(await json('model.json'));
  const picture = manifest.inputs.find(({ image }) => image !== undefined);
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

function isWhole(input: Readonly<Record<string, unknown>>, { inputs }: Manifest): boolean {
  return inputs.every(({ name, required, values, range }) => {
    const value = input[name] ?? undefined;
    if (value === undefined) return !required;
    if (values !== undefined) return values.some((allowed) => allowed === value);
    const number = Number(value);
    return range === undefined || (number >= (range.min ?? -Infinity) && number <= (range.max ?? Infinity));
  });
}

function jsonRequest(input: Readonly<Record<string, unknown>>): PredictRequest {
  return { contentType: 'application/json', body: JSON.stringify(input) };
}

function pictureRequest(picture: Uint8Array): PredictRequest {
  const head = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="leaf.png"\r\nContent-Type: image/png\r\n\r\n`;
  return {
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    body: Buffer.concat([Buffer.from(head), picture, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]),
  };
}
