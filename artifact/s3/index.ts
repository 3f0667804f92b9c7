export {
  connectionFromEnvironment,
  connectionFromFolder,
  connectionFromSecret,
  type S3Access,
  type S3Credentials,
} from './connection.ts';
export { S3StorePool } from './pool.ts';
export { readObject } from './read.ts';
export { createS3Store, type ObjectInfo, refusingStore, type S3Options, type S3Store } from './store.ts';
export { baseName, describeObject, type ModelLocation, type ObjectLocation, parseModelUri } from './uri.ts';
