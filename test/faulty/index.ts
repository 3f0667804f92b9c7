import { readFile } from 'node:fs/promises';
import { transform } from 'esbuild';

/** Ways in which a candidate can be bad without anybody knowing before it gets traffic. */
export const FAULTS = [
  /** Answers 500. */
  'status500',
  /** Takes requests and never answers. */
  'hang',
  /** Resets the connection instead of an answer. */
  'reset',
  /** Resets the connection in the middle of an answer. */
  'resetMidway',
  /** Ends two seconds after its first request, each time that it is started again. */
  'crash',
  /** Takes memory from its first request on, until it is killed. */
  'outOfMemory',
  /** Answers rightly, after 200 ms: about 100 times what a small model takes. */
  'slow',
] as const;
export type Fault = (typeof FAULTS)[number];

/** What a container's environment variable may hold by the ModelDeployment's schema. */
const LONGEST = 4096;

/** Node's flag that makes a runtime process bad in this way. */
export async function faultyFlag(fault: Fault): Promise<string> {
  const source = await readFile(new URL('preload.ts', import.meta.url), 'utf8');
  const define = { 'process.env.FAULT': JSON.stringify(fault) };
  const { code } = await transform(source, { loader: 'ts', minify: true, target: 'node24', define });
  return `--import=data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
}

/**
 * `serving.pod.env` of a ModelDeployment whose pods are the real runtime in the real image, but for their answers to
 * requests that other pods pass on.
 */
export async function faultyEnvironment(
  fault: Fault,
): Promise<{ readonly name: string; readonly value: string }[]> {
  const value = await faultyFlag(fault);
  if (value.length > LONGEST)
    throw new Error(
      `the faulty runtime's preload has ${value.length} characters, over ${LONGEST}: shorten preload.ts`,
    );
  return [{ name: 'NODE_OPTIONS', value }];
}
