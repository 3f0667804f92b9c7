export { ResolutionCache } from './cache.ts';
export { artifactDigest } from './digest.ts';
export { checkLocalModel } from './folder.ts';
export { formatResolveLog, parseResolveLog } from './resolve-log.ts';
export { probeModel, type Resolution, resolveModel, type ResolveRequest } from './resolve.ts';
