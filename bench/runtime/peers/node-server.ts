import { createServer, type IncomingMessage } from 'node:http';
import { openSession } from '#runtime/engine/session.ts';
import {
  feedsOfRequest,
  feedsOfRows,
  numbersOf,
  openPublicSession,
  type Feeds,
  type InferRequest,
  type NamedRow,
} from '../tensors.ts';

/**
 * A model behind node:http without a framework, each request run by itself: `await` asks ONNX Runtime's public API, as
 * programs do; `inline` calls it synchronously and answers at once, which no server beats at one connection.
 *
 * node-server.ts await|inline GRAPH PORT
 */
const [mode = 'await', graph = '', port = '0'] = process.argv.slice(2);

type Run = (feeds: Feeds) => Promise<Outputs> | Outputs;
type Outputs = Readonly<Record<string, { readonly dims: readonly number[]; readonly data: unknown }>>;

const { run, inputs, outputs } = mode === 'inline' ? inlineRun(graph) : await awaitRun(graph);
const output = outputs.includes('probabilities') ? 'probabilities' : (outputs[0] ?? '');

async function awaitRun(path: string) {
  const session = await openPublicSession(path);
  const run: Run = (feeds) => session.run(feeds);
  return { run, inputs: session.inputNames, outputs: session.outputNames };
}

function inlineRun(path: string) {
  const session = openSession(path, { threads: 1 });
  const run: Run = (feeds) => {
    const tensors = session.inputs.map(({ name, type }) => {
      const { data, dims } = feeds[name] ?? {};
      if (dims === undefined || !(data instanceof Float32Array || Array.isArray(data)))
        throw new TypeError(`no tensor for ${name}`);
      return { type, dims, data };
    });
    const results = session.run(tensors);
    return Object.fromEntries(
      session.outputs.map(({ name }, i) => [name, results[i] ?? { dims: [], data: [] }]),
    );
  };
  return {
    run,
    inputs: session.inputs.map(({ name }) => name),
    outputs: session.outputs.map(({ name }) => name),
  };
}

function churnAnswer(probability: number): object {
  return {
    churn_probability: probability,
    churn_prediction: probability >= 0.5 ? 1 : 0,
    risk_level: probability >= 0.7 ? 'HIGH' : probability >= 0.3 ? 'MEDIUM' : 'LOW',
    confidence: Math.abs(probability - 0.5) * 2,
    model_version: '1',
    prediction_timestamp: new Date().toISOString(),
  };
}

interface Endpoint {
  readonly feeds: (body: never) => Feeds;
  readonly answer: (outputs: Outputs) => object;
}

function probabilities(results: Outputs): readonly number[] {
  return numbersOf(results[output]).filter((_, i) => i % 2 === 1);
}

const ENDPOINTS: Readonly<Record<string, Endpoint>> = {
  '/predict': {
    feeds: (row: NamedRow) => feedsOfRows([row], inputs),
    answer: (results) => churnAnswer(probabilities(results)[0] ?? Number.NaN),
  },
  '/predict_batch': {
    feeds: (body: { customers: readonly NamedRow[] }) => feedsOfRows(body.customers, inputs),
    answer: (results) => ({ predictions: probabilities(results).map(churnAnswer) }),
  },
  '/v2/models/model/infer': {
    feeds: (request: InferRequest) => feedsOfRequest(request),
    answer: (results) => ({
      model_name: 'model',
      outputs: [
        {
          name: output,
          datatype: 'FP32',
          shape: results[output]?.dims,
          data: numbersOf(results[output]),
        },
      ],
    }),
  },
};

function readBody(request: IncomingMessage, done: (text: string) => void): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => done(Buffer.concat(chunks).toString()));
}

createServer((request, response) => {
  const endpoint = ENDPOINTS[request.url ?? ''];
  const send = (status: number, value: object): void => {
    const text = JSON.stringify(value);
    response.writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    });
    response.end(text);
  };
  const refuse = (error: unknown): void => send(422, { error: String(error) });
  if (endpoint === undefined) {
    request.resume();
    return send(request.url === '/v2/health/ready' ? 200 : 404, {});
  }
  readBody(request, (text) => {
    try {
      const results = run(endpoint.feeds(JSON.parse(text) as never));
      if (results instanceof Promise)
        void results.then((outputs) => send(200, endpoint.answer(outputs))).catch(refuse);
      else send(200, endpoint.answer(results));
    } catch (error) {
      refuse(error);
    }
  });
}).listen(Number(port), '127.0.0.1');
