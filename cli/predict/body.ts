import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError, EXIT } from '../exit.ts';

/** What -d says: JSON as it stands, `@FILE`, or `-` for standard input. Throws when it is not JSON. */
export async function readBody(data: string, stdin: NodeJS.ReadableStream): Promise<unknown> {
  const [source, content] = await load(data, stdin);
  try {
    return JSON.parse(content) as unknown;
  } catch (error) {
    throw new CliError(`${source} is not JSON: ${(error as Error).message}`, {
      exitCode: EXIT.usage,
      hint: `write -d '{"Age": 42}', -d @row.json or -d - for standard input`,
      cause: error,
    });
  }
}

async function load(data: string, stdin: NodeJS.ReadableStream): Promise<readonly [string, string]> {
  if (data === '-') return ['standard input', await text(stdin)];
  if (!data.startsWith('@')) return ['the value of -d', data];
  const file = data.slice(1);
  try {
    return [file, await readFile(file, 'utf8')];
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${(error as Error).message}`, {
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}
