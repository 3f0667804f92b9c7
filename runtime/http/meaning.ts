/** What an endpoint is for, in a sentence, and which endpoints it is listed with. */
export interface Meaning {
  readonly group: string;
  readonly summary: string;
}

/** The order in which a reader meets the groups. */
export const GROUPS = ['Predictions', 'Open Inference Protocol V2', 'The model', 'Operation'] as const;
const [PREDICTIONS, V2, MODEL, OPERATION] = GROUPS;

const MEANINGS: Readonly<Record<string, Meaning>> = {
  '/predict': { group: PREDICTIONS, summary: 'Predicts for one row of named features.' },
  '/predict_batch': {
    group: PREDICTIONS,
    summary: 'Predicts for many rows at once, each answered in its order.',
  },
  '/v2': { group: V2, summary: 'The server’s name, version and extensions.' },
  '/v2/health/live': { group: V2, summary: 'Whether the server runs.' },
  '/v2/health/ready': { group: V2, summary: 'Whether the server may be sent requests; 503 while not.' },
  '/v2/models/:name': { group: V2, summary: 'The model’s inputs and outputs as tensors.' },
  '/v2/models/:name/versions/:version': {
    group: V2,
    summary: 'The inputs and outputs of this version of the model.',
  },
  '/v2/models/:name/ready': { group: V2, summary: 'Whether the model may be sent requests; 503 while not.' },
  '/v2/models/:name/versions/:version/ready': {
    group: V2,
    summary: 'Whether this version of the model may be sent requests; 503 while not.',
  },
  '/v2/models/:name/infer': { group: V2, summary: 'Runs the model on tensors, as JSON or as bytes.' },
  '/v2/models/:name/versions/:version/infer': {
    group: V2,
    summary: 'Runs this version of the model on tensors, as JSON or as bytes.',
  },
  '/': {
    group: MODEL,
    summary: 'What runs here, and every endpoint; a browser gets a page to try the model.',
  },
  '/docs': { group: MODEL, summary: 'This page: the API for people.' },
  '/openapi.json': { group: MODEL, summary: 'The API as OpenAPI 3.1, with this model’s features.' },
  '/model/info': {
    group: MODEL,
    summary: 'Version, digest, inputs, outputs, training and metrics of the model.',
  },
  '/drift': {
    group: MODEL,
    summary: 'How far the features and predictions of late have moved from the training data.',
  },
  '/health': { group: OPERATION, summary: 'Whether a model serves; 503 until it does.' },
  '/livez': { group: OPERATION, summary: 'For the kubelet: whether the process answers.' },
  '/readyz': { group: OPERATION, summary: 'For the kubelet: 503 while loading and while draining.' },
  '/stats': { group: OPERATION, summary: 'Requests, errors and mean latency of each route since the start.' },
  '/metrics': {
    group: OPERATION,
    summary: 'For Prometheus: requests, predictions, runs, drift, the process.',
  },
  '/windlass/v1/traffic': {
    group: OPERATION,
    summary:
      'For the operator: which revisions share the traffic as this pod has applied it, and what came of it.',
  },
  '/windlass/v1/drift': {
    group: OPERATION,
    summary: 'For the operator: how many values fell into each bin of the reference since this pod began.',
  },
};

const PICTURE_MEANINGS: Readonly<Record<string, Meaning>> = {
  '/predict': { group: PREDICTIONS, summary: 'Predicts for one picture.' },
  '/predict_batch': {
    group: PREDICTIONS,
    summary: 'Predicts for many pictures at once, each answered in its order.',
  },
};

/** undefined for a route that says nothing of itself. */
export function meaningOf(template: string, takesPictures: boolean): Meaning | undefined {
  const meanings = takesPictures ? { ...MEANINGS, ...PICTURE_MEANINGS } : MEANINGS;
  return Object.hasOwn(meanings, template) ? meanings[template] : undefined;
}
