import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { colourBundle, formulaPicture, plain, png } from './test-pictures.ts';
import { form, send, startColours, type Answered } from './test-requests.ts';

const RED = png(plain(40, 30, [255, 0, 0]));
const BLUE = png(plain(5, 70, [0, 0, 255]));

let colours: Awaited<ReturnType<typeof startColours>>;
let server: TestServer;

beforeAll(async () => {
  colours = await startColours();
  ({ server } = colours);
});

afterAll(() => colours[Symbol.asyncDispose]());

describe('a picture', () => {
  test('is answered as the bundle says, as a form and as bare bytes', async () => {
    const bare: readonly Record<string, string>[] = [
      { 'content-type': 'image/png' },
      { 'content-type': 'application/octet-stream' },
      {},
    ];
    const answers = [
      await send(server, '/predict', form([RED])),
      await send(server, '/predict', form([RED, 'application/octet-stream'])),
      ...(await Promise.all(bare.map((headers) => send(server, '/predict', RED, headers)))),
    ];
    for (const { status, body, headers } of answers) {
      expect(status).toBe(200);
      expect(body).toEqual({
        prediction: 'Red',
        confidence: 0.5761,
        probabilities: {
          Red: expect.closeTo(0.5761, 3),
          Green: expect.closeTo(0.2119, 3),
          Blue: expect.closeTo(0.2119, 3),
        },
        processing_time: expect.any(Number),
      });
      expect(headers.get('x-windlass-revision')).toBe('local');
    }
  });

  test.each(['jpeg', 'webp'] as const)('may be a %s', async (format) => {
    const bytes = await sharp(BLUE)[format]().toBuffer();
    const { status, body } = await send(server, '/predict', form([bytes, `image/${format}`]));
    expect([status, body['prediction']]).toEqual([200, 'Blue']);
  });

  test('is turned as its EXIF says before its middle is cut out', async () => {
    await using cutting = await Folder.create(
      colourBundle({ fit: 'crop', shorterSide: 8 }, { golden: undefined }),
    );
    const other = await startServer(cutting.path);
    // Upright it is 60 wide, red but for its middle; as it lies, 20 wide with blue over the whole width.
    const lying = await sharp(plain(20, 60, [255, 0, 0]).data, {
      raw: { width: 20, height: 60, channels: 3 },
    })
      .composite([
        { input: { create: { width: 20, height: 24, channels: 3, background: '#00f' } }, gravity: 'centre' },
      ])
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    const { body } = await send(other, '/predict', form([lying, 'image/jpeg']));
    await other.stop();
    expect(body['prediction']).toBe('Blue');
  });

  test('has planes of colour where the graph wants channels first', async () => {
    await using planes = await Folder.create(colourBundle({ layout: 'nchw' }));
    const other = await startServer(planes.path);
    const { body } = await send(other, '/predict', form([BLUE]));
    await other.stop();
    expect(body['prediction']).toBe('Blue');
  });

  test('that is large is resized in another thread, to the same pixels', async () => {
    const picture = formulaPicture(900, 700);
    const large = await send(server, '/predict', form([png(picture)]));
    const small = await send(
      server,
      '/predict',
      form([
        await sharp(picture.data, { raw: { width: 900, height: 700, channels: 3 } })
          .resize(300)
          .png()
          .toBuffer(),
      ]),
    );
    const probabilities = (answer: Answered): Record<string, number> =>
      answer.body['probabilities'] as Record<string, number>;
    expect(probabilities(large)['Red']).toBeCloseTo(probabilities(small)['Red'] ?? 0, 2);
  });

  test('may be several in a batch', async () => {
    const { status, body } = await send(server, '/predict_batch', form([RED], [BLUE], [RED]));
    expect(status).toBe(200);
    expect(body.predictions.map((one) => (one as { prediction: string }).prediction)).toEqual([
      'Red',
      'Blue',
      'Red',
    ]);
  });

  test('may be several in a batch for a graph that takes one at a time', async () => {
    await using single = await Folder.create(colourBundle({}, {}, 1));
    const other = await startServer(single.path);
    const { status, body } = await send(other, '/predict_batch', form([RED], [BLUE]));
    const alone = await send(other, '/predict', form([BLUE]));
    await other.stop();
    expect([status, body.predictions.length, alone.body['prediction']]).toEqual([200, 2, 'Blue']);
    expect(body.predictions).toMatchObject([{ prediction: 'Red' }, { prediction: 'Blue' }]);
  });

  test('counts as a prediction, and JSON goes on being taken', async () => {
    const image = Array.from({ length: 6 }, () => Array.from({ length: 8 }, () => [0, 255, 0]));
    const { status, body } = await send(server, '/predict', JSON.stringify({ image }), {
      'content-type': 'application/json',
    });
    expect([status, body['prediction']]).toEqual([200, 'Green']);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/predictions_total\{outcome="Blue"\} [1-9]/);
    expect(metrics).toMatch(/http_requests_total\{method="POST",path="\/predict",status="200"\} \d/);
  });
});

test('more pictures than can be decoded in time are refused with a time to come back', async () => {
  const bytes = png(plain(990, 990, [0, 255, 0]));
  const answers = await Promise.all(
    Array.from({ length: 150 }, () => send(server, '/predict', form([bytes]))),
  );
  const refused = answers.filter(({ status }) => status === 503);
  expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThan(8);
  expect(refused.length).toBeGreaterThan(0);
  expect(
    refused.every(({ body, headers }) => body.code === 'Overloaded' && headers.get('retry-after') === '1'),
  ).toBe(true);
  expect((await send(server, '/predict', form([RED]))).status).toBe(200);
});

test('OpenAPI and the model’s own description say that pictures are taken', async () => {
  const openapi: unknown = await (await fetch(`${server.url}/openapi.json`)).json();
  expect(openapi).toMatchObject({
    paths: {
      '/predict': {
        post: { requestBody: { content: { 'multipart/form-data': { schema: { required: ['file'] } } } } },
      },
    },
  });
  const info: unknown = await (await fetch(`${server.url}/model/info`)).json();
  expect(info).toMatchObject({
    inputs: [{ image: { height: 6, width: 8, resize: 'bilinear', fit: 'stretch' } }],
  });
});
