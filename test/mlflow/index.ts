export { startMlflow, type Mlflow, type MlflowOptions } from './server.ts';
