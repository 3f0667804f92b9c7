import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { colourBundle, plain, png } from '#runtime/image/test-pictures.ts';
import { form, send } from '#runtime/image/test-requests.ts';
import { Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { RESPONSES, systemBundle } from '#test/support/systems.ts';

// What clients of the five systems ask, and what they read: model.json's `response` makes each of the answers.

const BUNDLES = {
  bankchurn: systemBundle('bankchurn'),
  carvision: systemBundle('carvision'),
  telecom: systemBundle('telecom'),
  creditrisk: systemBundle('creditrisk'),
  plant: colourBundle(
    {},
    { name: 'PlantDisease', labels: ['Healthy', 'Powdery', 'Rust'], response: RESPONSES.plant },
  ),
} satisfies Readonly<Record<string, BundleFiles>>;
type System = keyof typeof BUNDLES;

const running = new Map<System, { readonly folder: Folder; readonly server: TestServer }>();
const of = (system: System): TestServer => running.get(system)?.server ?? expect.unreachable(system);

beforeAll(async () => {
  for (const [system, files] of Object.entries(BUNDLES) as [System, BundleFiles][]) {
    const folder = await Folder.create(files);
    running.set(system, { folder, server: await startServer(folder.path) });
  }
});
afterAll(async () => {
  for (const { server, folder } of running.values()) {
    await server.stop();
    await folder[Symbol.asyncDispose]();
  }
});

const get = async (system: System, path: string): Promise<readonly [number, Record<string, unknown>]> => {
  const response = await fetch(of(system).url + path, { headers: { accept: 'application/json' } });
  return [response.status, (await response.json()) as Record<string, unknown>];
};

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string;
const SECONDS = expect.any(Number) as number;

const CUSTOMER = {
  CreditScore: 650,
  Geography: 'France',
  Gender: 'Female',
  Age: 40,
  Tenure: 5,
  Balance: 1000.5,
  NumOfProducts: 2,
  HasCrCard: 1,
  IsActiveMember: 0,
  EstimatedSalary: 50_000,
};
const CAR = { model_year: 2015, model: 'ford f-150', odometer: 80_000 };
const USE = { calls: 96, minutes: 300.5, messages: 10, mb_used: 20_000 };
const LOAN = { loan_amnt: 10_000, int_rate: 24, dti: 15.5 };

/** What /predict answers to a request. */
const PREDICTIONS: readonly (readonly [System, string, object, object])[] = [
  ...(
    [
      [25, 0, 'LOW', 0.5],
      [31, 0, 'MEDIUM', 0.38],
      [50, 1, 'MEDIUM', 0],
      [69, 1, 'MEDIUM', 0.38],
      [75, 1, 'HIGH', 0.5],
    ] as const
  ).map(
    ([age, prediction, risk, confidence]) =>
      [
        'bankchurn',
        `of ${age} years`,
        { ...CUSTOMER, Age: age },
        {
          churn_probability: expect.closeTo(age / 100, 6) as number,
          churn_prediction: prediction,
          risk_level: risk,
          confidence: expect.closeTo(confidence, 6) as number,
          model_version: '3',
          prediction_timestamp: ISO,
        },
      ] as const,
  ),
  [
    'bankchurn',
    'whose tenure is missing, with columns that nobody reads',
    { ...CUSTOMER, Tenure: null, RowNumber: 7, Surname: 'Costa' },
    expect.objectContaining({ churn_prediction: 0 }) as object,
  ],
  ['carvision', 'with what is known', CAR, { prediction: 8000 }],
  [
    'carvision',
    'with the year and the model alone',
    { model_year: 2015, model: 'ford' },
    { prediction: 12_345.5 },
  ],
  [
    'carvision',
    'with an unknown word and an empty date',
    { ...CAR, fuel: 'steam', date_posted: '' },
    { prediction: 8000 },
  ],
  ['telecom', 'who talks much', USE, { prediction: 1, probability_is_ultra: 0.75 }],
  ['telecom', 'who talks little', { ...USE, calls: 32 }, { prediction: 0, probability_is_ultra: 0.25 }],
  ['creditrisk', 'that is dear', LOAN, { prediction: 1, default_probability: 0.75, status: 'success' }],
  [
    'creditrisk',
    'whose optional fields are there, or null',
    { ...LOAN, int_rate: 8, mort_acc: null },
    { prediction: 0, default_probability: 0.25, status: 'success' },
  ],
];

test.each(PREDICTIONS)('%s: one %s', async (system, _, request, answer) => {
  expect(await post(`${of(system).url}/predict`, request)).toMatchObject({ status: 200, body: answer });
  const { body } = await post(`${of(system).url}/predict`, request);
  const fields = RESPONSES[system]['predict'] as object;
  expect(Object.keys(body)).toEqual(Object.keys(fields));
});

/** Requests that are refused, and the fields that are named. */
const REFUSED: readonly (readonly [System, string, object, readonly string[]])[] = [
  ['bankchurn', 'too old', { ...CUSTOMER, Age: 130 }, ['Age']],
  ['bankchurn', 'two bad fields', { ...CUSTOMER, Age: 40.5, Geography: 'Spanien' }, ['Geography', 'Age']],
  ['bankchurn', 'a number as text', { ...CUSTOMER, Balance: '1000' }, ['Balance']],
  ['bankchurn', 'no body to speak of', {}, Object.keys(CUSTOMER).filter((name) => name !== 'Tenure')],
  ['carvision', 'a required column that is missing', { model: 'ford' }, ['model_year']],
  ['carvision', 'a column in other letters', { ...CAR, odometer: undefined, Odometer: 5 }, ['Odometer']],
  ['telecom', 'a negative number', { ...USE, minutes: -1 }, ['minutes']],
  ['creditrisk', 'more than was ever lent', { ...LOAN, loan_amnt: 1e6 }, ['loan_amnt']],
];

test.each(REFUSED)('%s: %s is a 422 that names what is wrong', async (system, _, request, names) => {
  const { status, body } = await post(`${of(system).url}/predict`, request);
  const details = body['detail'] as readonly { readonly loc: readonly unknown[]; readonly msg: string }[];
  expect([status, details.map(({ loc }) => loc)]).toEqual([422, names.map((name) => ['body', name])]);
  for (const { msg } of details) expect(msg).not.toBe('');
});

test('carvision: columns of another table are a 422 that names theirs and ours', async () => {
  const { status, body } = await post(`${of('carvision').url}/predict`, { modelo: 'ford', ano: 2015 });
  expect(status).toBe(422);
  expect(JSON.stringify(body)).toMatch(
    /no input of this model: modelo, ano; its inputs are model_year, model, /,
  );
});

describe('bankchurn: a batch', () => {
  const url = (): string => `${of('bankchurn').url}/predict_batch`;

  test('has its id, its size and the predictions in their order', async () => {
    const customers = [
      { ...CUSTOMER, Age: 30 },
      { ...CUSTOMER, Age: 80 },
    ];
    const { status, body, headers } = await post(url(), { customers }, { 'x-request-id': 'nightly-7' });
    expect([status, body]).toEqual([
      200,
      {
        predictions: [
          expect.objectContaining({ risk_level: 'MEDIUM', churn_prediction: 0 }),
          expect.objectContaining({ risk_level: 'HIGH', churn_prediction: 1 }),
        ],
        batch_id: 'nightly-7',
        total_customers: 2,
        processing_time_seconds: SECONDS,
      },
    ]);
    expect(headers.get('x-request-id')).toBe('nightly-7');
  });

  test.each([
    [0, 422],
    [1, 200],
    [1000, 200],
    [1001, 422],
  ])('of %d customers is answered with %d', async (count, status) => {
    const answer = await post(url(), { customers: Array.from({ length: count }, () => CUSTOMER) });
    expect(answer.status).toBe(status);
    if (status === 200) expect(answer.body).toMatchObject({ total_customers: count });
    else expect(JSON.stringify(answer.body['detail'])).toContain('customers');
  });
});

describe('plant: a picture', () => {
  const RED = png(plain(40, 30, [255, 0, 0]));

  test.each(['jpeg', 'png', 'webp'] as const)('as %s is classified', async (format) => {
    const bytes = await sharp(RED)[format]().toBuffer();
    const { status, body } = await send(of('plant'), '/predict', form([bytes, `image/${format}`]));
    expect([status, body]).toEqual([
      200,
      {
        prediction: 'Healthy',
        confidence: expect.closeTo(0.576, 2),
        probabilities: {
          Healthy: expect.closeTo(0.576, 2),
          Powdery: expect.closeTo(0.212, 2),
          Rust: expect.closeTo(0.212, 2),
        },
        processing_time: SECONDS,
      },
    ]);
    expect(Number(body['processing_time'])).toBeLessThan(60);
  });

  test.each([
    ['no picture', form([Buffer.from('hello')]), 415, /no JPEG, PNG or WebP/],
    ['half a picture', form([RED.subarray(0, 60)]), 400, /PNG/],
    ['no part file', form([RED, 'image/png', 'image']), 422, /file/],
  ] as const)('that is %s is refused', async (_, body, status, message) => {
    const answer = await send(of('plant'), '/predict', body);
    expect([answer.status, JSON.stringify(answer.body['detail'])]).toEqual([
      status,
      expect.stringMatching(message),
    ]);
  });
});

/** What the other paths answer. */
const PATHS: readonly (readonly [System, string, object])[] = [
  ['bankchurn', '/health', { status: 'healthy', model_loaded: true, uptime_seconds: SECONDS, version: '3' }],
  ['carvision', '/health', { status: 'ok' }],
  ['telecom', '/health', { status: 'healthy', version: '1.0.0', model_loaded: true }],
  ['creditrisk', '/health', { status: 'healthy', model_loaded: true, model_name: 'random_forest_tuned' }],
  ['plant', '/health', { status: 'healthy', model_loaded: true, uptime_seconds: SECONDS, version: '3' }],
];

test.each(PATHS)('%s: %s', async (system, path, answer) => {
  expect(await get(system, path)).toEqual([200, answer]);
});

describe('creditrisk', () => {
  test('/model/info names the model and its features', async () => {
    const [status, info] = await get('creditrisk', '/model/info');
    expect([status, info]).toMatchObject([
      200,
      {
        model_name: 'random_forest_tuned',
        feature_count: 4,
        timestamp: ISO,
        feature_names: ['loan_amnt', 'int_rate', 'dti', 'mort_acc'],
      },
    ]);
  });

  test('/ says what runs here', async () => {
    expect(await get('creditrisk', '/')).toMatchObject([
      200,
      { model: { name: 'CreditRisk', version: '3' } },
    ]);
  });

  test('/stats counts requests and errors by route, and says what has drifted', async () => {
    await post(`${of('creditrisk').url}/predict`, {});
    const [status, body] = await get('creditrisk', '/stats');
    const routes = body['request_stats'] as Readonly<Record<string, Readonly<Record<string, number>>>>;
    const predict = routes['POST /predict'];
    expect([status, Object.keys(predict ?? {})]).toEqual([
      200,
      ['total_requests', 'errors', 'error_rate', 'avg_latency_ms'],
    ]);
    expect(predict?.['errors']).toBeGreaterThan(0);
    expect(predict?.['error_rate']).toBeCloseTo(
      (predict?.['errors'] ?? 0) / (predict?.['total_requests'] ?? 0),
      9,
    );
    expect(body).toMatchObject({ timestamp: ISO, drift_alerts: null });
  });
});
