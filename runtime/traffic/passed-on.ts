import { REVISION_HEADER } from '#contract/names.ts';
import type { CountedPrediction } from '#runtime/prediction-counts.ts';
import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';
import type { ForwardedAnswer } from './forward.ts';
import { decodePredictions, PREDICTIONS_HEADER } from './predictions-header.ts';

/** Another pod's answer as this one gives it to its client. */
export interface PassedAnswer {
  readonly status: number;
  readonly body: Buffer;
  readonly contentType?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly predictions: readonly CountedPrediction[];
}

/** `revision`: who was asked. */
export function passedOn({ status, body, headers }: ForwardedAnswer, revision: string): PassedAnswer {
  const contentType = fieldOf(headers['content-type']);
  const jsonLength = fieldOf(headers[JSON_LENGTH_HEADER]);
  return {
    status,
    body,
    ...(contentType === undefined ? {} : { contentType }),
    headers: {
      [REVISION_HEADER]: fieldOf(headers[REVISION_HEADER]) ?? revision,
      ...(jsonLength === undefined ? {} : { [JSON_LENGTH_HEADER]: jsonLength }),
    },
    predictions: decodePredictions(headers[PREDICTIONS_HEADER]),
  };
}

/** Where the JSON of another pod's answer ends; undefined where all of it is JSON. */
export function jsonLengthField(headers: ForwardedAnswer['headers']): number | undefined {
  const length = headers[JSON_LENGTH_HEADER];
  return typeof length === 'string' ? Number(length) : undefined;
}

/** A header of another pod's answer, where it can be one of this pod's. */
function fieldOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value) ? value : undefined;
}
