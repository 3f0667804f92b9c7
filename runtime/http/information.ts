import type { Model } from '#runtime/model/load.ts';
import type { ServiceState } from '#runtime/state.ts';
import { ROUTES } from './routes.ts';

// What GET /health, / and /model/info answer: in the bundle's words where model.json's `response` has some.

/** The bundle's shape while a model serves; a 503 that no client takes for health otherwise. */
export function healthAnswer(state: ServiceState): { readonly status: 200 | 503; readonly body: object } {
  const { model } = state;
  const version = model?.manifest.version ?? null;
  const known = { model_loaded: model !== undefined, uptime_seconds: state.uptimeSeconds, version };
  if (model === undefined) return { status: 503, body: { status: 'unhealthy', ...known } };
  return { status: 200, body: ownFields(state, model, 'health') ?? { status: 'healthy', ...known } };
}

export function serviceInfo(state: ServiceState, model: Model, version: string): object {
  const { manifest, name } = model;
  return {
    service: 'windlass',
    version,
    model: {
      name,
      version: manifest.version,
      task: manifest.task,
      description: manifest.description ?? null,
    },
    revision: state.revision ?? null,
    endpoints: ROUTES.map(({ template, methods }) => `${methods[0]} ${template}`),
    ...ownFields(state, model, 'info'),
  };
}

export function modelInfo(state: ServiceState, model: Model): object {
  const { manifest, name, source, loadedAt, merging, cap, execution, provider } = model;
  return {
    model_name: manifest.name,
    name,
    version: manifest.version,
    revision: state.revision ?? null,
    sha256: source.sha256,
    task: manifest.task,
    description: manifest.description ?? null,
    feature_count: manifest.inputs.length,
    feature_names: manifest.inputs.map((input) => input.name),
    inputs: manifest.inputs,
    outputs: manifest.outputs,
    labels: manifest.labels ?? null,
    decision: manifest.decision ?? null,
    metrics: manifest.metrics,
    training: manifest.training ?? null,
    batching: { merging, maxRows: cap },
    execution,
    executionProvider: provider.executionProvider,
    nodes: provider.nodes ?? null,
    timestamp: loadedAt.toISOString(),
    ...ownFields(state, model, 'modelInfo'),
  };
}

/** The fields that the bundle gives to an answer; undefined where it says nothing of it. */
function ownFields(
  state: ServiceState,
  { answers, loadedAt }: Model,
  answer: keyof Model['answers'],
): object | undefined {
  const text = answers[answer]?.({
    revision: state.revisionName,
    requestId: '',
    rows: 0,
    arrivedMs: performance.now(),
    modelLoaded: true,
    uptimeSeconds: state.uptimeSeconds,
    loadedAt,
  });
  return text === undefined ? undefined : (JSON.parse(text) as object);
}
