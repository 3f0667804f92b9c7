import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { goldenSchema, manifestSchema, type Manifest } from '#contract/model-manifest.ts';
import { form, send } from '#runtime/image/test-requests.ts';
import { Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import { run } from '#test/cluster/command.ts';
import { RESPONSES } from '#test/support/systems.ts';

// What training really writes, asked by the runtime that really serves: on generated data, small and quick.

const TRAINING = join(import.meta.dirname, '..', '..', 'training');
const PROGRAM = join(TRAINING, '.venv', 'bin', 'windlass-train');

interface Trained {
  readonly model: string;
  readonly rows: number;
  /** What makes training short; whether its answers are good is no question here. */
  readonly config?: string;
}

const SYSTEMS: Readonly<Record<keyof typeof RESPONSES, Trained>> = {
  bankchurn: { model: 'BankChurn', rows: 1000 },
  carvision: { model: 'CarVision', rows: 2000 },
  telecom: { model: 'TelecomAI', rows: 1000 },
  creditrisk: { model: 'CreditRisk', rows: 2000 },
  plant: { model: 'PlantDisease', rows: 60, config: '[model.fit]\nepochs = 2\n' },
};

beforeAll(() => run(join(TRAINING, 'setup.sh'), [], { timeout: 600_000 }));

describe.each(Object.entries(SYSTEMS))('%s, trained', (name, { model, rows, config }) => {
  const response = RESPONSES[name as keyof typeof RESPONSES];
  let folder: Folder;
  let bundle: string;
  let manifest: Manifest;
  let server: TestServer;

  beforeAll(async () => {
    folder = await Folder.create();
    bundle = join(folder.path, 'bundle');
    const data = join(folder.path, name === 'plant' ? 'data' : 'data.csv');
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
  const keys = (part: string): readonly string[] => Object.keys(response[part] ?? {});

  /** The first golden request that a caller may send. */
  const ask = async (): Promise<{
    readonly status: number;
    readonly body: Readonly<Record<string, unknown>>;
  }> => {
    const golden = goldenSchema.parse(
      JSON.parse(await readFile(join(bundle, manifest.golden ?? ''), 'utf8')),
    );
    if (name === 'plant') {
      const picture = await readFile(join(bundle, String(Object.values(golden.rows[0]?.input ?? {})[0])));
      return send(server, '/predict', form([picture]));
    }
    const answers = await Promise.all(golden.rows.map(({ input }) => post(`${server.url}/predict`, input)));
    return (
      answers.find(({ status }) => status === 200) ?? expect.unreachable('no golden request is answered')
    );
  };

  test('its bundle holds the answers that the table of systems is about', () => {
    expect([manifest.name, manifest.version]).toEqual([model, '7']);
    const shapes = manifestSchema.shape.response.unwrap();
    expect(manifest.response).toEqual(shapes.parse(response));
  });

  test('/predict answers with the fields that its clients read', async () => {
    const { status, body } = await ask();
    expect([status, Object.keys(body)]).toEqual([200, keys('predict')]);
    expect(Object.values(body)).not.toContain(null);
  });

  test('/health, / and /model/info are as documented', async () => {
    const [status, health] = await get('/health');
    expect([status, Object.keys(health)]).toEqual([200, keys('health')]);
    expect(await get('/')).toMatchObject([200, { model: { version: '7' } }]);
    const [, info] = await get('/model/info');
    expect(info).toMatchObject({
      feature_count: manifest.inputs.length,
      feature_names: manifest.inputs.map((input) => input.name),
    });
  });

  test('/stats counts its requests, and drift is measured against its training data', async () => {
    await ask();
    const [status, stats] = await get('/stats');
    expect([status, stats]).toMatchObject([
      200,
      {
        request_stats: { 'POST /predict': { total_requests: expect.any(Number) as number } },
        drift_alerts: [],
      },
    ]);
    const [, drift] = await get('/drift');
    const features = drift['features'] as readonly { readonly name: string; readonly samples: number }[];
    expect(drift['state']).toBe('tooFewRows');
    const found = new Set(features.filter(({ samples }) => samples > 0).map((feature) => feature.name));
    expect(found).toContain('prediction');
    if (name === 'plant')
      expect([...found]).toEqual(expect.arrayContaining(['image.brightness', 'image.size']));
  });

  test('a batch is answered in its order, and one without rows refused', async () => {
    if (name === 'plant') return;
    const { request, predictions } = manifest.response?.batch ?? {
      request: 'instances',
      predictions: 'predictions',
    };
    const { input } =
      goldenSchema.parse(JSON.parse(await readFile(join(bundle, manifest.golden ?? ''), 'utf8'))).rows[0] ??
      {};
    const { status, body } = await post(`${server.url}/predict_batch`, { [request]: [input, input] });
    expect([status, (body[predictions] as readonly unknown[]).length]).toEqual([200, 2]);
    if (name === 'bankchurn')
      expect(body).toMatchObject({ batch_id: expect.any(String) as string, total_customers: 2 });
    expect((await post(`${server.url}/predict_batch`, { [request]: [] })).status).toBe(422);
  });
});
