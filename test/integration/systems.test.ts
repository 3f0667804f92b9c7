import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenSchema, manifestSchema, type Manifest } from '#contract/model-manifest.ts';
import { form, send } from '#runtime/image/test-requests.ts';
import { Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import { run } from '#test/cluster/command.ts';
import { requestsOfData } from '#test/portfolio/index.ts';
import { RESPONSES } from '#test/support/systems.ts';
import { askAsPagesDo, requestsOfExample } from './shown-answers.ts';

// What training really writes, asked by the runtime that really serves: on generated data, small and quick.

const TRAINING = join(import.meta.dirname, '..', '..', 'training');
const PROGRAM = join(TRAINING, '.venv', 'bin', 'windlass-train');

interface Trained {
  readonly model: string;
  readonly rows: number;
  /** What makes training short; whether its answers are good is no question here. */
  readonly config?: string;
}

type System = keyof typeof RESPONSES;
type Answer = Readonly<Record<string, unknown>>;
type Golden = ReturnType<typeof goldenSchema.parse>;

const SYSTEMS: Readonly<Record<System, Trained>> = {
  bankchurn: { model: 'BankChurn', rows: 1000 },
  carvision: { model: 'CarVision', rows: 2000 },
  telecom: { model: 'TelecomAI', rows: 1000 },
  creditrisk: { model: 'CreditRisk', rows: 2000 },
  plant: { model: 'PlantDisease', rows: 60, config: '[model.fit]\nepochs = 2\n' },
};

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const SECONDS = expect.any(Number) as number;

const HEALTH: Readonly<Record<System, Answer>> = {
  bankchurn: { status: 'healthy', model_loaded: true, uptime_seconds: SECONDS, version: '7' },
  carvision: { status: 'ok' },
  telecom: { status: 'healthy', version: '1.0.0', model_loaded: true },
  creditrisk: { status: 'healthy', model_loaded: true, model_name: 'random_forest_tuned' },
  plant: { status: 'healthy', model_loaded: true, uptime_seconds: SECONDS, version: '7' },
};

/** A share between 0 and 1, as the answer has it. */
function share(value: unknown): number {
  expect(value).toEqual(expect.any(Number));
  expect(Math.abs(Number(value) - 0.5)).toBeLessThanOrEqual(0.5);
  return Number(value);
}

/** The whole answer to a request, told by its probability alone. */
const PREDICTIONS: Readonly<Record<System, (answer: Answer, manifest: Manifest) => Answer>> = {
  bankchurn: ({ churn_probability: p }, manifest) => ({
    churn_probability: share(p),
    churn_prediction: classOf(p, manifest),
    risk_level: share(p) < 0.3 ? 'LOW' : share(p) < 0.7 ? 'MEDIUM' : 'HIGH',
    confidence: expect.closeTo(Math.abs(share(p) - 0.5) * 2, 6) as number,
    model_version: '7',
    prediction_timestamp: ISO,
  }),
  carvision: ({ prediction }) => {
    expect(prediction).toBeGreaterThan(0);
    return { prediction };
  },
  telecom: ({ probability_is_ultra: p }, manifest) => ({
    prediction: classOf(p, manifest),
    probability_is_ultra: share(p),
  }),
  creditrisk: ({ default_probability: p }, manifest) => ({
    prediction: classOf(p, manifest),
    default_probability: share(p),
    status: 'success',
  }),
  plant: ({ probabilities, processing_time }) => {
    const shares = probabilities as Readonly<Record<string, number>>;
    expect(Object.keys(shares)).toEqual(['Healthy', 'Powdery', 'Rust']);
    expect(Object.values(shares).reduce((sum, each) => sum + share(each), 0)).toBeCloseTo(1, 5);
    const confidence = Math.max(...Object.values(shares));
    expect(processing_time).toBeGreaterThan(0);
    expect(processing_time).toBeLessThan(60);
    return {
      prediction: Object.keys(shares).find((label) => shares[label] === confidence),
      confidence,
      probabilities,
      processing_time,
    };
  },
};

function classOf(probability: unknown, { decision }: Manifest): number {
  return share(probability) >= (decision?.threshold ?? 0.5) ? 1 : 0;
}

/** What a batch of BankChurn says beside its predictions. */
const ABOUT_TWO_CUSTOMERS = {
  batch_id: expect.stringMatching(/./) as string,
  total_customers: 2,
  processing_time_seconds: SECONDS,
};

interface Route {
  readonly total_requests: number;
  readonly errors: number;
}
const routeOf = (stats: Answer): Route =>
  (stats['request_stats'] as Readonly<Record<string, Route>>)['POST /predict'] ??
  expect.unreachable('no POST /predict');

beforeAll(() => run(join(TRAINING, 'setup.sh'), [], { timeout: 600_000 }));

describe.each(Object.entries(SYSTEMS))('%s, trained', (name, { model, rows, config }) => {
  const response = RESPONSES[name as keyof typeof RESPONSES];
  let folder: Folder;
  let data: string;
  let bundle: string;
  let manifest: Manifest;
  let server: TestServer;

  beforeAll(async () => {
    folder = await Folder.create();
    bundle = join(folder.path, 'bundle');
    data = join(folder.path, name === 'plant' ? 'data' : 'data.csv');
    await run(PROGRAM, ['generate', name, '--rows', String(rows), '--out', data], { timeout: 120_000 });
    const settings = config === undefined ? [] : ['--config', await folder.write('config.toml', config)];
    const flags = ['--data', data, '--out', bundle, '--version', '7', '--no-gate', ...settings];
    await run(PROGRAM, ['train', name, ...flags], { timeout: 240_000 });
    manifest = manifestSchema.parse(JSON.parse(await readFile(join(bundle, 'model.json'), 'utf8')));
    server = await startServer(bundle);
  });
  afterAll(async () => {
    await server?.stop();
    await folder?.[Symbol.asyncDispose]();
  });

  const get = async (path: string): Promise<readonly [number, Readonly<Record<string, unknown>>]> => {
    const answer = await fetch(server.url + path, { headers: { accept: 'application/json' } });
    return [answer.status, (await answer.json()) as Record<string, unknown>];
  };

  const golden = async (): Promise<Golden> =>
    goldenSchema.parse(JSON.parse(await readFile(join(bundle, manifest.golden ?? ''), 'utf8')));
  const pictureOf = (row: Golden['rows'][number] | undefined): Promise<Buffer> =>
    readFile(join(bundle, String(Object.values(row?.input ?? {})[0])));
  /** What /predict says to every golden request that a caller may send. */
  const answers = async (): Promise<readonly Answer[]> => {
    const { rows } = await golden();
    const all = await Promise.all(
      rows.map(async (row) =>
        name === 'plant'
          ? send(server, '/predict', form([await pictureOf(row)]))
          : post(`${server.url}/predict`, row.input),
      ),
    );
    return all.filter(({ status }) => status === 200).map(({ body }) => body);
  };

  test('its bundle holds the answers that the table of systems is about', () => {
    expect([manifest.name, manifest.version]).toEqual([model, '7']);
    const shapes = manifestSchema.shape.response.unwrap();
    expect(manifest.response).toEqual(shapes.parse(response));
  });

  test('/predict answers with what its clients read, field by field', async () => {
    const bodies = await answers();
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) expect(body).toEqual(PREDICTIONS[name as System](body, manifest));
  });

  test('/health is as documented, and /, /model/info and /metrics say which model answers', async () => {
    expect(await get('/health')).toEqual([200, HEALTH[name as System]]);
    expect(await get('/')).toMatchObject([200, { model: { name: model, version: '7' } }]);
    const [status, info] = await get('/model/info');
    expect([status, info]).toMatchObject([
      200,
      {
        ...(name === 'creditrisk' ? { model_name: 'random_forest_tuned' } : {}),
        feature_count: manifest.inputs.length,
        feature_names: manifest.inputs.map((input) => input.name),
        timestamp: ISO,
      },
    ]);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/^model_loaded 1$/m);
    expect(metrics).toMatch(/^model_info\{.*version="7"/m);
  });

  test('/stats counts its requests, and drift is measured against its training data', async () => {
    const answered = (await answers()).length;
    await post(`${server.url}/predict`, {});
    const [status, stats] = await get('/stats');
    const { total_requests: total, errors, ...rest } = routeOf(stats);
    expect([status, stats]).toMatchObject([200, { drift_alerts: [], timestamp: ISO }]);
    expect(total).toBeGreaterThan(answered);
    expect(errors).toBeGreaterThan(0);
    expect(rest).toEqual({
      error_rate: expect.closeTo(errors / total, 9) as number,
      avg_latency_ms: expect.any(Number) as number,
    });
    const [, drift] = await get('/drift');
    const features = drift['features'] as readonly { readonly name: string; readonly samples: number }[];
    expect(drift['state']).toBe('tooFewRows');
    const found = new Set(features.filter(({ samples }) => samples > 0).map((feature) => feature.name));
    expect(found).toContain('prediction');
    if (name === 'plant')
      expect([...found]).toEqual(expect.arrayContaining(['image.brightness', 'image.size']));
  });

  const askTables = (): void => {
    test('a batch has the answers of its rows, and its size has bounds', async () => {
      const usual = { request: 'instances', predictions: 'predictions', limit: 1000 };
      const { request, predictions, limit } = manifest.response?.batch ?? usual;
      const inputs = (await golden()).rows.map((row) => row.input);
      const input = inputs.find((each) => !Object.values(each).includes(null));
      const batch = (rows: number) =>
        post(`${server.url}/predict_batch`, { [request]: Array.from({ length: rows }, () => input) });
      const { status, body } = await batch(2);
      const rows = body[predictions] as readonly Answer[];
      expect([status, rows.length]).toEqual([200, 2]);
      for (const row of rows) expect(row).toEqual(PREDICTIONS[name as System](row, manifest));
      expect(body).toEqual({ [predictions]: rows, ...(name === 'bankchurn' ? ABOUT_TWO_CUSTOMERS : {}) });
      expect((await batch(0)).status).toBe(422);
      expect((await batch(limit)).status).toBe(200);
      expect((await batch(limit + 1)).status).toBe(422);
    });

    test('columns of another table are refused, and named', async () => {
      const { status, body } = await post(`${server.url}/predict`, { spalte: 1 });
      expect([status, JSON.stringify(body['detail'])]).toEqual([
        422,
        expect.stringContaining('no input of this model: spalte'),
      ]);
    });
  };

  const askPictures = (): void => {
    test('a picture is taken as JPEG, PNG and WebP, and nothing else is', async () => {
      const picture = sharp(await pictureOf((await golden()).rows[0]));
      for (const format of ['jpeg', 'png', 'webp'] as const) {
        const bytes = await picture.clone().toFormat(format).toBuffer();
        const { status, body } = await send(server, '/predict', form([bytes, `image/${format}`]));
        expect([format, status, body]).toEqual([format, 200, PREDICTIONS.plant(body, manifest)]);
      }
      expect((await send(server, '/predict', form([Buffer.from('hello')]))).status).toBe(415);
    });
  };

  (name === 'plant' ? askPictures : askTables)();

  test('asked for the rows that it was trained on, as the demo asks, it does not drift', async () => {
    const watched = await startServer(bundle, { driftMinSamples: 200 });
    try {
      const requests = await requestsOfData(bundle, data);
      for (let sent = 0; sent < 600; sent++) {
        const { body, contentType } = requests[sent % requests.length] ?? expect.unreachable();
        const headers = { 'content-type': contentType };
        const answer = await fetch(`${watched.url}/predict`, {
          method: 'POST',
          headers,
          body: Buffer.from(body),
        });
        expect([answer.status, await answer.text()]).toEqual([200, expect.anything()]);
      }
      const report = await fetch(`${watched.url}/drift`, { headers: { accept: 'application/json' } });
      expect(await report.json()).toMatchObject({ state: 'steady', window: { rows: 600 } });
    } finally {
      await watched.stop();
    }
  });

  test('answers what docs/migrating sends, as it is shown there', async () => {
    const { requests, problems } = await askAsPagesDo(name, { url: server.url, manifest, folder });
    expect(problems).toEqual([]);
    expect(requests).toBeGreaterThan(0);
  });

  test('answers what its example in deploy/examples sends', async () => {
    const bodies = await requestsOfExample(name);
    for (const body of bodies) {
      const { status, body: answer } = await post(`${server.url}/predict`, JSON.parse(body) as object);
      expect([body, status, answer]).toEqual([body, 200, expect.anything()]);
    }
    // Pictures are sent as files; a loan has too many fields for a comment.
    expect(bodies).toHaveLength(['plant', 'creditrisk'].includes(name) ? 0 : 1);
  });
});
