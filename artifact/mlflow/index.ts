/** Models in MLflow's registry: which version is meant, where its files are, and their bytes where the server proxies them. */
export {
  MLFLOW_CREDENTIAL_NAMES,
  type MlflowAccess,
  mlflowFromEnvironment,
  mlflowFromFolder,
  mlflowFromSecret,
} from './connection.ts';
export { pathOfProxiedUri, proxiedUri } from './location.ts';
export { graphOfMlmodel, MAX_MLMODEL_BYTES, MLMODEL_FILE } from './mlmodel.ts';
export { MlflowServerPool } from './pool.ts';
export type { RegisteredVersion } from './registry.ts';
export { createMlflowServer, type FolderEntry, type MlflowServer } from './server.ts';
export { isRegistryUri, parseRegistryUri } from './uri.ts';
