export { checkExternal, refuseExternal } from './external.ts';
export { checkMemory, type Inspection, inspectModel } from './inspect.ts';
export type { Graph } from './judge.ts';
export { matchManifest } from './match.ts';
export { formatBytes } from './memory.ts';
export { schemaCompatibility } from './schema.ts';
export type { Weights } from './facts.ts';
