import type { GraphValue } from '#runtime/engine/session.ts';
import type { Tensor } from '#runtime/engine/tensor.ts';
import type { AnswerBody } from './answer-body.ts';
import { writeBinary } from './binary/index.ts';
import { RequestError } from './errors.ts';
import { flatJson } from './tensor-json.ts';
import { V2_DATATYPE } from './v2-datatype.ts';
import type { V2Request } from './v2-request.ts';

/** Who answers. */
export interface Answerer {
  readonly name: string;
  readonly version: string;
  readonly outputs: readonly GraphValue[];
}

/** Writes an inference's answer: JSON, and behind it the bytes of outputs that were asked for as binary data. */
export type V2AnswerWriter = (request: V2Request, outputs: readonly Tensor[]) => AnswerBody;

/** Compiles what every answer of a model begins with. */
export function compileV2Answer({ name, version, outputs }: Answerer): V2AnswerWriter {
  const head = `{"model_name":${JSON.stringify(name)},"model_version":${JSON.stringify(version)}`;
  const heads = outputs.map(
    (output) => `{"name":${JSON.stringify(output.name)},"datatype":"${V2_DATATYPE[output.type]}","shape":[`,
  );
  return ({ id, outputs: wanted }, tensors) => {
    const binary: Uint8Array[] = [];
    let json = id === undefined ? head : `${head},"id":${JSON.stringify(id)}`;
    json += ',"outputs":[';
    for (let i = 0; i < wanted.length; i++) {
      const { index = 0, binary: asBytes = false } = wanted[i] ?? {};
      const tensor = tensors[index];
      if (tensor === undefined) throw new RangeError(`no output ${index}`);
      json += (i === 0 ? '' : ',') + (heads[index] ?? '') + tensor.dims.join(',');
      if (asBytes) {
        const bytes = writeBinary(tensor);
        binary.push(bytes);
        json += `],"parameters":{"binary_data_size":${bytes.byteLength}}}`;
      } else {
        json += `],"data":${dataJson(tensor, outputs[index]?.name ?? '')}}`;
      }
    }
    json += ']}';
    return binary.length === 0 ? json : { json, binary };
  };
}

function dataJson(tensor: Tensor, name: string): string {
  try {
    return flatJson(tensor);
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== 'AnswerNotFinite') throw error;
    const message = `output "${name}": ${error.message}; or ask for the output as binary data, which can (parameters {"binary_data": true}; in tritonclient binary_data=True)`;
    throw new RequestError(error.status, error.code, message, { cause: error });
  }
}
