/** Where models come from: each ModelDeployment's source, resolved in the background. */
export { createSources, type Sources, type SourcesOptions } from './sources.ts';
export type {
  FinishedJob,
  ResolvedSource,
  SourceFailure,
  SourceReader,
  SourceRequest,
  SourceState,
} from './state.ts';
