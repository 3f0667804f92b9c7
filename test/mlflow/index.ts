export { mlmodelFile, Registry } from './registry.ts';
export { startMlflow, type Mlflow } from './server.ts';
