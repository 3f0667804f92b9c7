import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FailureError } from '#contract/failure.ts';
import { MANIFEST_FILE } from '#contract/model-manifest.ts';
import { folderFiles } from './files.ts';
import { readManifest } from './manifest.ts';
import { type CheckedModel, preflightBundle, preflightObject } from './preflight.ts';

/** The same checks for a bundle's folder or a bare .onnx on this machine; the artifact's URI is a file URL. */
export async function checkLocalModel(path: string, signal: AbortSignal): Promise<CheckedModel> {
  const full = resolve(path);
  const stats = await stat(full).catch(() => {
    throw new FailureError('NotFound', `There is no ${full}. Give a bundle's folder or an .onnx file.`);
  });
  if (!stats.isDirectory()) {
    const name = basename(full);
    const files = folderFiles(dirname(full));
    return preflightObject(files, pathToFileURL(full).href, name, await files.stat(name, signal), signal);
  }
  const files = folderFiles(full);
  const info = await files.stat(MANIFEST_FILE, signal);
  const read = await readManifest(files, info, signal);
  return preflightBundle(files, `${pathToFileURL(full).href}/`, read, signal);
}
