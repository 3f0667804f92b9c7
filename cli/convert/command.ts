import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Io } from '../io.ts';
import { convert, nameOf, type ConvertSettings } from './convert.ts';
import { readObjects, type ManifestObject, type Path } from './documents.ts';
import type { Note } from './notes.ts';
import { render } from './render.ts';

export interface ConvertOptions extends ConvertSettings {
  readonly filename: string;
}

/** Kinds that are read and need no counterpart. */
const READ_ALONG = new Set(['Secret', 'ServiceAccount']);

/** Writes ModelDeployments for the InferenceServices of a file. Ends with 1 where something of them is lost. */
export async function convertFile(options: ConvertOptions, io: Io): Promise<ExitCode> {
  const source = options.filename === '-' ? 'standard input' : options.filename;
  const objects = readObjects(await load(options.filename, io), source);
  const services = objects.filter(({ kind }) => kind === 'InferenceService');
  if (services.length === 0) {
    throw new CliError(`${source} has no InferenceService, but ${kindsOf(objects)}`, {
      exitCode: EXIT.usage,
      hint: 'kubectl get inferenceservice NAME -o yaml | kubectl windlass convert -f -',
    });
  }
  let lost = warnOfOthers(objects, source, io);
  const texts: string[] = [];
  for (const service of services) {
    const result = convert(service, objects, options);
    if (result.kind === 'refused') {
      io.err(
        `${source}:${service.lineOf([])}: InferenceService ${result.from} is not converted: ${result.message}\n`,
      );
      lost = true;
      continue;
    }
    for (const note of result.notes) io.err(`${source}:${service.lineOf(note.path)}: ${noteText(note)}\n`);
    lost ||= result.notes.some(({ kind }) => kind === 'lost');
    texts.push(
      render(
        result,
        result.notes.map((note) => `line ${service.lineOf(note.path)}: ${noteText(note)}`),
      ),
    );
  }
  io.out(texts.join('---\n'));
  return lost ? EXIT.lost : EXIT.ok;
}

function noteText({ kind, path, message }: Note): string {
  return `${kind === 'lost' ? 'not converted' : 'to check'}: ${pathText(path)}: ${message}`;
}

function pathText(path: Path): string {
  return path
    .map((part, i) => (typeof part === 'number' ? `[${part}]` : `${i === 0 ? '' : '.'}${part}`))
    .join('');
}

/** Other kinds of KServe have no counterpart; a Secret or a service account is applied as it is. */
function warnOfOthers(objects: readonly ManifestObject[], source: string, io: Io): boolean {
  let lost = false;
  for (const object of objects) {
    const { kind, apiVersion } = object;
    if (kind === 'InferenceService' || READ_ALONG.has(kind)) continue;
    const kserve = apiVersion.startsWith('serving.kserve.io/');
    lost ||= kserve;
    const why = kserve ? 'not converted: it has no counterpart here' : 'not converted: apply it as it is';
    io.err(`${source}:${object.lineOf([])}: ${kind} ${nameOf(object)}: ${why}\n`);
  }
  return lost;
}

function kindsOf(objects: readonly ManifestObject[]): string {
  const kinds = [...new Set(objects.map(({ kind }) => kind))].slice(0, 5);
  return kinds.length === 0 ? 'nothing at all' : kinds.join(', ');
}

async function load(filename: string, io: Io): Promise<string> {
  if (filename === '-') return text(io.stdin);
  try {
    return await readFile(filename, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${filename}: ${(error as Error).message}`, {
      exitCode: EXIT.usage,
      cause: error,
    });
  }
}
