import { readFile, rename, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { stateFolder } from '../paths.ts';

/** How each program of the cluster was started, so that another process can start it again. */
const programSchema = z.object({ file: z.string(), args: z.array(z.string()), path: z.string() });

const stateSchema = z.object({
  /** Kernel settings that kubelet changes for the whole machine, as they were. */
  sysctls: z.record(z.string(), z.string()),
  /** Folders that were made outside of the state folder, because programs want them there. */
  folders: z.array(z.string()),
  /** Control groups that were made. */
  cgroups: z.array(z.string()),
  programs: z.record(z.string(), programSchema),
  kubectl: z.string(),
  /** Set once everything runs. */
  ready: z.boolean(),
});

export type HostState = z.infer<typeof stateSchema>;
export type Program = z.infer<typeof programSchema>;

const FILE = 'host.json';

export async function readState(): Promise<HostState | undefined> {
  const text = await readFile(stateFolder(FILE), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : stateSchema.parse(JSON.parse(text));
}

/** Written before each thing is made, so that whatever ends this process leaves a list of what to undo. */
export async function writeState(state: HostState): Promise<void> {
  const file = stateFolder(FILE);
  await writeFile(`${file}.new`, JSON.stringify(state, null, 2));
  await rename(`${file}.new`, file);
}
