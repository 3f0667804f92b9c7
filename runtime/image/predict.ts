import type { Manifest } from '#contract/model-manifest.ts';
import type { Job } from '#runtime/engine/job.ts';
import type { AnswerContext } from '#runtime/protocol/answer.ts';
import { RequestError, type ErrorCode, type Problem } from '#runtime/protocol/errors.ts';
import type { Nested } from '#runtime/protocol/nested.ts';
import type { NamedFeatures, Sink } from '#runtime/protocol/predict.ts';
import { FILE_FIELD, filesOf, type PictureBody } from './files.ts';
import { BrokenPicture } from './header.ts';
import type { PictureProperties } from './properties.ts';
import type { Checked, PictureReader, ReadPicture, Refusal } from './reader.ts';

/** A request's pictures, and whether its sender still waits. */
export interface PictureRequest extends PictureBody {
  readonly gone: () => boolean;
}

type Answer = (request: PictureRequest, context: AnswerContext, sink: Sink) => Promise<Job>;

/** POST /predict and /predict_batch for a model of pictures. Rejects with RequestError for a bad request. */
export interface Pictures {
  readonly predict: Answer;
  readonly predictBatch: Answer;
}

/** Tensors of pictures that are decoded and not yet answered may take so much memory together. */
const TENSOR_BYTES = 64 * 1024 * 1024;
const DEFAULT_BATCH_LIMIT = 1000;

export interface PictureModel {
  readonly manifest: Manifest;
  readonly named: NamedFeatures;
  /** Rows are merged along the first dimension; without it a picture is a whole tensor of one. */
  readonly merging: boolean;
  /** Hears what was measured of the pictures of a request that has its answer. */
  readonly observe?: (pictures: readonly PictureProperties[]) => void;
}

export function compilePictures(
  { manifest, named, merging, observe }: PictureModel,
  reader: PictureReader,
): Pictures {
  const { width, height } = reader.image;
  const most = Math.max(1, Math.floor(TENSOR_BYTES / (width * height * 3)));
  const batchLimit = Math.min(most, manifest.response?.batch?.limit ?? DEFAULT_BATCH_LIMIT);
  let inHand = 0;
  const tensor = ({ dims, data }: Nested): Nested => ({ dims: merging ? dims : [1, ...dims], data });

  const answer = async (
    request: PictureRequest,
    { limit, path }: { readonly limit: number; readonly path: (index: number) => Problem['path'] },
    submit: (rows: readonly Nested[], sink: Sink) => Job,
    sink: Sink,
  ): Promise<Job> => {
    const checked = filesOf(request, limit).map((file) => reader.check(file));
    refuseAny(
      checked.map((one) => (one.kind === 'refused' ? one.refusal : undefined)),
      path,
    );
    const pictures = checked.filter((one) => one.kind === 'picture');
    const count = pictures.length;
    if ((inHand > 0 && inHand + count > most) || !reader.hasRoom(pictures)) throw overloaded();
    inHand += count;
    try {
      const rows = await readAll(reader, pictures, request.gone, path);
      const waiting = releasing(sink, (answered) => {
        inHand -= count;
        if (answered) observe?.(rows.flatMap(({ properties }) => properties ?? []));
      });
      return submit(rows.map(tensor), waiting);
    } catch (error) {
      inHand -= count;
      throw error;
    }
  };

  return {
    predict: (request, context, sink) =>
      answer(
        request,
        { limit: 1, path: () => [FILE_FIELD] },
        ([row], waiting) => named.predictRow(row === undefined ? [] : [row], context, waiting),
        sink,
      ),
    predictBatch: (request, context, sink) =>
      answer(
        request,
        { limit: batchLimit, path: (index) => [FILE_FIELD, index] },
        (rows, waiting) =>
          named.predictRows(
            rows.map((row) => [row]),
            context,
            waiting,
          ),
        sink,
      ),
  };
}

async function readAll(
  reader: PictureReader,
  pictures: readonly Extract<Checked, { kind: 'picture' }>[],
  gone: () => boolean,
  path: (index: number) => Problem['path'],
): Promise<readonly ReadPicture[]> {
  const results = await Promise.all(
    pictures.map(async (picture): Promise<ReadPicture | Refusal> => {
      try {
        return await reader.read(picture, gone);
      } catch (error) {
        if (error instanceof BrokenPicture) return { kind: 'broken', message: error.message };
        throw error;
      }
    }),
  );
  refuseAny(
    results.map((result) => ('kind' in result ? result : undefined)),
    path,
  );
  return results.filter((result): result is ReadPicture => !('kind' in result));
}

const STATUS: Readonly<
  Record<Refusal['kind'], { readonly status: number; readonly code: ErrorCode; readonly message: string }>
> = {
  type: { status: 415, code: 'UnsupportedMediaType', message: 'a picture is of a kind that is not taken' },
  broken: { status: 400, code: 'InvalidImage', message: 'a picture cannot be read' },
  large: { status: 413, code: 'ImageTooLarge', message: 'a picture has too many pixels' },
};

/** All that is wrong, under the status of the first. */
function refuseAny(
  refusals: readonly (Refusal | undefined)[],
  path: (index: number) => Problem['path'],
): void {
  const first = refusals.find((refusal) => refusal !== undefined);
  if (first === undefined) return;
  const { status, code, message } = STATUS[first.kind];
  const problems = refusals.flatMap((refusal, index) =>
    refusal === undefined ? [] : [{ path: path(index), message: refusal.message }],
  );
  throw new RequestError(status, code, message, { problems });
}

function overloaded(): RequestError {
  return new RequestError(503, 'Overloaded', 'too many pictures are waiting; try again', {
    headers: { 'retry-after': '1' },
  });
}

/** Tells once which way the request ends. */
function releasing(sink: Sink, tell: (answered: boolean) => void): Sink {
  let told = false;
  const release = (answered: boolean): void => {
    if (!told) tell(answered);
    told = true;
  };
  return {
    answer(json, predictions) {
      release(true);
      sink.answer(json, predictions);
    },
    refuse(error) {
      release(false);
      sink.refuse(error);
    },
  };
}
