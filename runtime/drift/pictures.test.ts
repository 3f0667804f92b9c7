import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reference } from '#contract/model-manifest.ts';
import { colourBundle, formulaPicture, plain, png } from '#runtime/image/test-pictures.ts';
import { form, send } from '#runtime/image/test-requests.ts';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { DriftMonitor } from './monitor.ts';
import type { MeasuredReport } from './report.ts';
import { described, SETTINGS, withReference } from './testing.ts';

const bins = (edges: readonly number[], counts: readonly number[]) =>
  ({
    kind: 'numeric',
    edges: [...edges],
    counts: [...counts],
    under: 0,
    over: 0,
    missing: 0,
  }) satisfies Reference['prediction'];

/** Dark pictures of 40 x 30, seen clearly. */
const DARK: Reference = {
  formatVersion: 1,
  rows: 1000,
  features: {},
  prediction: bins([0, 0.5, 1], [0, 1000]),
  image: {
    brightness: bins([0, 32, 64, 255], [500, 500, 0]),
    aspect: bins([0.5, 1, 2], [0, 1000]),
    size: bins([0, 1000, 2000], [0, 1000]),
  },
};

describe('a model of pictures whose reference has their properties', () => {
  let folder: Folder;
  let server: TestServer;
  const report = async (): Promise<MeasuredReport> =>
    (await (await fetch(`${server.url}/drift`)).json()) as MeasuredReport;

  beforeAll(async () => {
    folder = await Folder.create(withReference(colourBundle(), DARK));
    server = await startServer(folder.path, { driftMinSamples: 200 });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  });

  test('counts pictures that were answered, as they were sent, and finds what has moved', async () => {
    const bright = png(plain(40, 30, [250, 250, 250]));
    // A batch is read and answered as a whole; what is no picture is refused and counts as none.
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        send(server, '/predict_batch', form(...Array.from({ length: 20 }, () => [bright] as const))),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 200));
    expect((await send(server, '/predict', form([Buffer.from('no picture')]))).status).toBe(415);

    const { features, notCompared, state, message } = await report();
    const byName = new Map(features.map((feature) => [feature.name, feature]));
    expect([...byName.keys()].toSorted()).toEqual([
      'image.aspect',
      'image.brightness',
      'image.size',
      'prediction',
    ]);
    expect(byName.get('image.brightness')).toMatchObject({ state: 'drifted', role: 'picture', samples: 200 });
    expect(byName.get('image.aspect')).toMatchObject({ state: 'steady', samples: 200 });
    expect(byName.get('image.size')).toMatchObject({ state: 'steady', samples: 200 });
    // Of a grey picture all three colours are as likely: the model is less sure than it was.
    expect(byName.get('prediction')).toMatchObject({ state: 'drifted', samples: 200 });
    expect([state, notCompared]).toEqual(['drifted', []]);
    expect(message).toBe('1 of 3 features has drifted (image.brightness), and so has the prediction.');
  });

  test('shows them on the page, in the metrics and in /stats', async () => {
    const page = await (await fetch(`${server.url}/drift?format=html`)).text();
    expect(page).toContain('image.brightness');
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/model_prediction_drift\{feature="image\.brightness"\} \d/);
    expect(metrics).toContain('feature_values_total{feature="image.size",bin="1000 to 2000"} 200');
    const stats = (await (await fetch(`${server.url}/stats`)).json()) as {
      readonly drift_alerts: readonly { readonly feature: string }[];
    };
    expect(stats.drift_alerts.map(({ feature }) => feature).toSorted()).toEqual([
      'image.brightness',
      'prediction',
    ]);
  });
});

test('a reference with bins of pictures for a model of numbers says that they are not compared', () => {
  const { manifest, graph } = described([{ name: 'x', type: 'float32', shape: [null, 1] }], []);
  const monitor = new DriftMonitor({ manifest, graph, reference: DARK }, SETTINGS);
  expect(monitor.notCompared).toContainEqual({
    name: 'image.brightness',
    reason: 'reference.json has bins for it, but the model takes no pictures',
  });
});

test('without bins of them the properties of pictures are not measured', async () => {
  await using folder = await Folder.create(withReference(colourBundle(), { ...DARK, image: undefined }));
  const server = await startServer(folder.path);
  try {
    await send(server, '/predict', form([png(formulaPicture(40, 30))]));
    const report = (await (await fetch(`${server.url}/drift`)).json()) as MeasuredReport;
    expect(report.features.map(({ name, samples }) => [name, samples])).toEqual([['prediction', 1]]);
  } finally {
    await server.stop();
  }
});
