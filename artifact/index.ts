/** Where a model's bytes come from, and what makes them acceptable. Everything that fails throws FailureError. */
export {
  artifactDigest,
  checkLocalModel,
  formatResolveLog,
  parseResolveLog,
  probeModel,
  type Resolution,
  ResolutionCache,
  resolveModel,
  type ResolveRequest,
} from './bundle/index.ts';
export { formatBytes, type Graph } from './preflight/index.ts';
export {
  connectionFromEnvironment,
  connectionFromFolder,
  connectionFromSecret,
  createS3Store,
  parseModelUri,
  readObject,
  refusingStore,
  type S3Access,
  type S3Store,
  S3StorePool,
} from './s3/index.ts';
export { type AddressPolicy, type Answer, type ByteBody, piecesOf, SocketClient } from './http/index.ts';
export {
  createMlflowServer,
  isRegistryUri,
  type MlflowAccess,
  mlflowFromEnvironment,
  mlflowFromFolder,
  mlflowFromSecret,
  type MlflowServer,
  MlflowServerPool,
  parseRegistryUri,
  pathOfProxiedUri,
} from './mlflow/index.ts';
