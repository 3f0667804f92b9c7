export { ResolutionCache, type ResolutionCacheOptions } from './cache.ts';
export { artifactDigest } from './digest.ts';
export { checkLocalModel } from './folder.ts';
export type { CheckedModel } from './preflight.ts';
export { formatResolveLog, parseResolveLog, type ResolveOutcome } from './resolve-log.ts';
export {
  type ModelSource,
  probeModel,
  type Resolution,
  resolutionSchema,
  resolveModel,
  type ResolveRequest,
} from './resolve.ts';
