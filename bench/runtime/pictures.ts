import { Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import type { Figure, Measurement } from '../figure.ts';
import { Arena, median, rough } from './arena.ts';
import type { PlannedRequest, Workload } from './load/index.ts';
import { PICTURE_SIZE, pictureModel } from './models/index.ts';
import { seeded } from '#test/support/random.ts';
import { numbersOf, openPublicSession } from './tensors.ts';
import { describe } from './throughput.ts';

const COUNT = 48;
const WIDTH = 640;
const HEIGHT = 480;
const BOUNDARY = 'windlass-bench-boundary';
/** Resized by another filter than training's, a picture's mean colours are nearly the same. */
const TOLERANCE = 0.01;

/** What a picture costs beside the model's own run, against FastAPI with Pillow. */
export function pictures(): readonly Figure[] {
  return [
    {
      name: 'CPU time outside the run for a picture of 640x480 against FastAPI with Pillow',
      goal: { atMost: 0.5, unit: 'times' },
      measure,
    },
  ];
}

function measure(): Promise<Measurement> {
  return Arena.within(async (arena) => {
    const model = await pictureModel();
    const { requests, runMicroseconds } = await plannedRequests(model.graph);
    const own = await arena.workload(workload('/predict', requests));
    const other = await arena.workload(workload('/image', requests));
    const contenders = [
      { server: await arena.start('windlass', model), files: own },
      { server: await arena.start('fastapi', model), files: other },
    ];
    const rounds = await arena.rounds(contenders, { connections: 8 });
    const outside = rounds.map((round) =>
      round.map(({ cpuMicroseconds }) => cpuMicroseconds - runMicroseconds),
    );
    const ratios = outside.map(([windlass = Number.NaN, fastapi = Number.NaN]) => windlass / fastapi);
    return {
      value: median(ratios),
      detail: {
        ratios: ratios.map(rough),
        runMicroseconds: rough(runMicroseconds),
        throughputRatio: rough(
          median(rounds.map(([a, b]) => (a?.requestsPerSecond ?? 0) / (b?.requestsPerSecond ?? Number.NaN))),
        ),
        windlass: describe(rounds.flatMap(([windlass]) => windlass ?? [])),
        fastapi: describe(rounds.flatMap(([, fastapi]) => fastapi ?? [])),
      },
    };
  });
}

function workload(path: string, requests: readonly PlannedRequest[]): Workload {
  return {
    path,
    contentType: `multipart/form-data; boundary=${BOUNDARY}`,
    answer: { kind: 'field', name: 'confidence' },
    tolerance: TOLERANCE,
    requests,
  };
}

/** Pictures as a form's `file`, with the confidence that the model has in its answer, and the time of its run alone. */
async function plannedRequests(graph: string) {
  const session = await openPublicSession(graph);
  const random = seeded(21);
  const requests: PlannedRequest[] = [];
  const times: number[] = [];
  for (let i = 0; i < COUNT; i++) {
    const jpeg = await photograph(random);
    const pixels = await sharp(jpeg).resize(PICTURE_SIZE, PICTURE_SIZE, { fit: 'fill' }).raw().toBuffer();
    const image = new Tensor('uint8', new Uint8Array(pixels), [1, PICTURE_SIZE, PICTURE_SIZE, 3]);
    const start = performance.now();
    const { probabilities } = await session.run({ image });
    times.push((performance.now() - start) * 1000);
    requests.push({ body: form(jpeg), expected: [Math.max(...numbersOf(probabilities))] });
  }
  await session.release();
  return { requests, runMicroseconds: median(times) };
}

/** Soft blobs of colour, which compress as a photograph does. */
function photograph(random: () => number): Promise<Buffer> {
  const pixels = new Uint8Array(WIDTH * HEIGHT * 3);
  const waves = Array.from({ length: 9 }, () => ({
    x: (random() - 0.5) / 20,
    y: (random() - 0.5) / 20,
    at: random() * 7,
  }));
  for (let i = 0; i < pixels.length; i++) {
    const pixel = Math.floor(i / 3);
    let value = 90 + (i % 3) * 20 * random();
    for (let wave = i % 3; wave < waves.length; wave += 3) {
      const { x = 0, y = 0, at = 0 } = waves[wave] ?? {};
      value += 28 * Math.sin((pixel % WIDTH) * x + Math.floor(pixel / WIDTH) * y + at);
    }
    pixels[i] = Math.max(0, Math.min(255, value));
  }
  return sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
}

function form(jpeg: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\ncontent-type: image/jpeg\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), jpeg, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}
