import { JSON_LENGTH_HEADER } from '#runtime/protocol/answer-body.ts';

type Headers = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Longer JSON is looked at from both ends only: parsing it would hold up everybody else. */
const MOST_PARSED = 256 * 1024;

/** Why the body of a 2xx is no prediction that a client could read; undefined where it is one. */
export function answerProblem(headers: Headers, body: Buffer): string | undefined {
  const coding = headers['content-encoding'];
  if (coding !== undefined && coding !== 'identity')
    return `the answer is encoded (${String(coding)}), which was not asked for`;
  const length = headers[JSON_LENGTH_HEADER];
  if (length === undefined) return isObject(body) ? undefined : 'the answer is no JSON object';
  const end = typeof length === 'string' && /^\d{1,15}$/.test(length) ? Number(length) : Infinity;
  if (end > body.length) return `${JSON_LENGTH_HEADER} is ${String(length)} of ${body.length} bytes`;
  return isObject(body.subarray(0, end)) ? undefined : 'the answer does not begin with a JSON object';
}

const OPENING = 0x7b;
const CLOSING = 0x7d;

function isObject(json: Buffer): boolean {
  if (json.length > MOST_PARSED) return json[0] === OPENING && json[json.length - 1] === CLOSING;
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
