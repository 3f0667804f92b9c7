import { isUtf8 } from 'node:buffer';
import { RequestError } from './errors.ts';

/** Reads a body as JSON. Throws a 400 for bad UTF-8 and bad JSON. */
export function parseJson(body: Buffer): unknown {
  return parseText(textOf(body));
}

/** As parseJson, but integers beyond 2^53 come as BigInt, exactly as they were written. */
export function parseJsonExactly(body: Buffer): unknown {
  const text = textOf(body);
  // Reading with a reviver takes several times as long; without a long number there is nothing to lose.
  return /\d{16}/.test(text) ? parseText(text, exactInteger) : parseText(text);
}

function textOf(body: Buffer): string {
  if (!isUtf8(body)) {
    throw new RequestError(400, 'InvalidJson', 'the body is not valid UTF-8; send JSON encoded as UTF-8');
  }
  // Editors and PowerShell put a byte order mark before UTF-8; it is no part of the text.
  const marked = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', marked ? 3 : 0);
}

function parseText(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
  if (text.length === 0) {
    throw new RequestError(400, 'InvalidJson', 'the body is empty; send a JSON object');
  }
  try {
    return JSON.parse(text, reviver);
  } catch (cause) {
    throw new RequestError(400, 'InvalidJson', `the body is not JSON: ${jsonProblem(text, cause)}`, {
      cause,
    });
  }
}

function jsonProblem(text: string, cause: unknown): string {
  const reason = cause instanceof Error ? cause.message.slice(0, 200) : String(cause);
  return /\b(NaN|Infinity)\b/.test(text.slice(0, 1_000_000))
    ? `${reason}; JSON has no NaN or Infinity, leave a missing value out or send null`
    : reason;
}

/** The third argument is newer than TypeScript's library: https://tc39.es/proposal-json-parse-with-source/ */
function exactInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** A JSON object's fields. */
export type Fields = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
