import { createHash } from 'node:crypto';
import type { z } from 'zod';
import { FailureError } from '#contract/failure.ts';
import { goldenSchemaOf } from '#contract/golden-pictures.ts';
import {
  MANIFEST_FILE,
  type Manifest,
  manifestSchema,
  MAX_MANIFEST_BYTES,
  referenceSchema,
} from '#contract/model-manifest.ts';
import { formatBytes } from '../preflight/index.ts';
import type { ObjectInfo } from '../s3/index.ts';
import type { ModelFiles } from './files.ts';

export interface ReadManifest {
  readonly manifest: Manifest;
  readonly info: ObjectInfo;
  readonly sha256: string;
  readonly size: number;
}

/** golden.json and reference.json may have this many bytes each. */
const MAX_SIDE_FILE_BYTES = 8 * 1024 * 1024;

/** Reads and checks model.json, which was found as `info`. Throws InvalidManifest naming each wrong field. */
export async function readManifest(
  files: ModelFiles,
  info: ObjectInfo,
  signal: AbortSignal,
): Promise<ReadManifest> {
  const name = files.describe(MANIFEST_FILE);
  const bytes = await readSmall(files, MANIFEST_FILE, info, MAX_MANIFEST_BYTES, signal);
  const manifest = parse(name, bytes, manifestSchema);
  return { manifest, info, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
}

/** Which JSON files of the bundle have a schema of their own, by path. */
export function sideFiles(manifest: Manifest): ReadonlyMap<string, z.ZodType> {
  const { golden, reference } = manifest;
  return new Map<string, z.ZodType>([
    ...(golden === undefined ? [] : ([[golden, goldenSchemaOf(manifest)]] as const)),
    ...(reference === undefined ? [] : ([[reference, referenceSchema]] as const)),
  ]);
}

/** Reads golden.json or reference.json and checks it; gives its sha256. */
export async function checkSideFile(
  files: ModelFiles,
  path: string,
  info: ObjectInfo,
  schema: z.ZodType,
  signal: AbortSignal,
): Promise<{ readonly sha256: string; readonly check: () => void }> {
  const bytes = await readSmall(files, path, info, MAX_SIDE_FILE_BYTES, signal);
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    check: () => void parse(files.describe(path), bytes, schema),
  };
}

async function readSmall(
  files: ModelFiles,
  path: string,
  info: ObjectInfo,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const name = files.describe(path);
  if (info.size > limit) {
    const advice =
      path === MANIFEST_FILE ? ' Keep reference and golden as files beside it.' : ' Keep fewer rows or bins.';
    throw invalid(`${name} has ${formatBytes(info.size)}; the limit is ${formatBytes(limit)}.${advice}`);
  }
  const parts: Uint8Array[] = [];
  for await (const part of files.read(path, info, signal)) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}

function parse<T>(name: string, bytes: Buffer, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch (error) {
    const position = /position \d+(?: \(line \d+ column \d+\))?/.exec(String(error))?.[0];
    throw invalid(
      bytes.length === 0
        ? `${name} is empty (0 bytes). Upload it again.`
        : `${name} is not JSON in UTF-8${position === undefined ? '' : ` (at ${position})`}. Write it again with the training tool.`,
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${field(path)}: ${message}`);
  const more = issues.length > 5 ? `; and ${issues.length - 5} more` : '';
  throw invalid(
    `${name} is invalid: ${issues.slice(0, 5).join('; ').slice(0, 1200)}${more}. Correct these fields.`,
  );
}

function field(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the whole';
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part).slice(0, 80)}`,
    )
    .join('');
}

function invalid(message: string): FailureError {
  return new FailureError('InvalidManifest', message);
}
