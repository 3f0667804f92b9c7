import { RequestError } from './errors.ts';
import { parseJson, parseJsonExactly } from './json.ts';
import { sameElements, type Verdict } from './scan/oracle.ts';
import { splitBody } from './v2-body.ts';
import { OUTPUTS } from './v2-documents.ts';
import { readV2Request, type V2Input, type V2Request } from './v2-request.ts';
import { compileV2Scanner } from './v2-scan.ts';

/** Reads requests to /v2/models/.../infer, of which the first `jsonLength` bytes are JSON, by the scanner and by the parser. */
export function v2Oracle(
  inputs: readonly V2Input[],
): (body: Buffer, jsonLength: number | undefined) => Verdict {
  const scan = compileV2Scanner(inputs, OUTPUTS);
  const exact = inputs.some(({ type }) => type === 'int64' || type === 'uint64');
  const parse = exact ? parseJsonExactly : parseJson;
  const parsed = (body: Buffer, jsonLength: number | undefined): V2Request | undefined => {
    try {
      const { json, tail } = splitBody(body, jsonLength);
      return readV2Request(parse(json), tail, inputs, OUTPUTS);
    } catch (error) {
      if (error instanceof RequestError) return undefined;
      throw error;
    }
  };
  return (body, jsonLength) => {
    const scanned = scan(splitBody(body, jsonLength));
    const read = parsed(body, jsonLength);
    if (scanned === undefined) return read === undefined ? 'refused' : 'left';
    return read !== undefined && same(scanned, read) ? 'same' : 'different';
  };
}

function same(a: V2Request, b: V2Request): boolean {
  return (
    a.id === b.id &&
    JSON.stringify(a.outputs) === JSON.stringify(b.outputs) &&
    a.tensors.length === b.tensors.length &&
    a.tensors.every((tensor, i) => {
      const other = b.tensors[i];
      return (
        other !== undefined &&
        tensor.type === other.type &&
        tensor.dims.join() === other.dims.join() &&
        sameElements(tensor.data, other.data)
      );
    })
  );
}
