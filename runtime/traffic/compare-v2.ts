import { z } from 'zod';
import { tensorTypeSchema, type TensorType } from '#contract/model-manifest.ts';
import { readBinary } from '#runtime/protocol/binary/index.ts';
import { V2_DATATYPE } from '#runtime/protocol/v2-datatype.ts';
import type { ComparedAnswer } from './compare.ts';
import { compareValues, DIFFERENT, greater, SAME, type Difference } from './difference.ts';

const answerSchema = z.object({
  outputs: z.array(
    z.object({
      name: z.string(),
      datatype: z.string(),
      shape: z.array(z.number().int().nonnegative()),
      data: z.array(z.unknown()).optional(),
      parameters: z.object({ binary_data_size: z.number().int().nonnegative().optional() }).optional(),
    }),
  ),
});

interface Output {
  readonly shape: readonly number[];
  readonly near: boolean;
  readonly elements: ArrayLike<unknown>;
}

const TYPES: ReadonlyMap<string, TensorType> = new Map(
  tensorTypeSchema.options.map((type) => [V2_DATATYPE[type], type]),
);

/** Compares inferences by their outputs, as JSON or as binary data, element by element. */
export function compareV2(own: ComparedAnswer, other: ComparedAnswer): Difference {
  const ownOutputs = outputsOf(own);
  const otherOutputs = outputsOf(other);
  if (ownOutputs === undefined || ownOutputs.size !== otherOutputs?.size) return DIFFERENT;
  let difference = SAME;
  for (const [name, output] of ownOutputs) {
    const counterpart = otherOutputs.get(name);
    if (counterpart === undefined) return DIFFERENT;
    difference = greater(difference, compareOutputs(output, counterpart));
  }
  return difference;
}

function compareOutputs(own: Output, other: Output): Difference {
  const alike =
    own.near === other.near &&
    own.shape.length === other.shape.length &&
    own.shape.every((size, index) => size === other.shape[index]) &&
    own.elements.length === other.elements.length;
  if (!alike) return DIFFERENT;
  const rule = own.near ? 'near' : 'exact';
  let difference = SAME;
  for (let index = 0; index < own.elements.length; index++) {
    difference = greater(difference, compareValues(own.elements[index], other.elements[index], rule));
  }
  return difference;
}

/** undefined where the answer is not what the protocol says. */
function outputsOf({ body, tail = [], jsonLength }: ComparedAnswer): ReadonlyMap<string, Output> | undefined {
  const whole = typeof body === 'string' ? Buffer.from(body) : body;
  const end = jsonLength ?? whole.length;
  let rest = Buffer.concat([whole.subarray(end), ...tail]);
  const parsed = answerSchema.safeParse(parsedJson(whole.subarray(0, end)));
  if (!parsed.success) return undefined;
  const outputs = new Map<string, Output>();
  for (const { name, datatype, shape, data, parameters } of parsed.data.outputs) {
    const near = datatype.startsWith('FP') || datatype === 'BF16';
    const size = parameters?.binary_data_size;
    if (size === undefined) {
      outputs.set(name, { shape, near, elements: (data ?? []).flat(Infinity) });
      continue;
    }
    const type = TYPES.get(datatype);
    const elements =
      type === undefined ? undefined : readBinary(rest.subarray(0, size), { type, dims: shape }, [], []);
    if (elements === undefined) return undefined;
    outputs.set(name, { shape, near, elements });
    rest = rest.subarray(size);
  }
  return outputs;
}

function parsedJson(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
