/** A content type, or the value of a content disposition: its name in lower case, and its parameters. */
export interface MediaType {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A token, or a quoted string in which a backslash stands before what is meant as it is (RFC 9110, 5.6). */
const PARAMETER = /;[ \t]*(?:([!#$%&'*+.^_`|~\w-]+)=([!#$%&'*+.^_`|~\w-]+|"(?:[^"\\]|\\.)*"))?[ \t]*/y;
const TYPE = /^[ \t]*([!#$%&'*+.^_`|~\w/-]+)[ \t]*/;

/** Parses a header's value; undefined where it is not well formed, or has a parameter twice. */
export function parseMediaType(value: string): MediaType | undefined {
  const [lead, type] = TYPE.exec(value) ?? [];
  if (lead === undefined || type === undefined) return undefined;
  const parameters = new Map<string, string>();
  let at = lead.length;
  while (at < value.length) {
    PARAMETER.lastIndex = at;
    const [whole, name, text] = PARAMETER.exec(value) ?? [];
    if (whole === undefined) return undefined;
    at += whole.length;
    if (name === undefined || text === undefined) continue;
    const key = name.toLowerCase();
    if (parameters.has(key)) return undefined;
    parameters.set(key, text.startsWith('"') ? unquoted(text) : text);
  }
  return { type: type.toLowerCase(), parameters };
}

/** Browsers escape a quote as %22 and leave backslashes alone; RFC 7578 clients escape with a backslash. */
function unquoted(text: string): string {
  return text
    .slice(1, -1)
    .replaceAll(/\\(["\\])/g, '$1')
    .replaceAll('%22', '"');
}
