export { mlmodelFile, Registry } from './registry.ts';
export { startMlflow, type Mlflow, type MlflowOptions } from './server.ts';
