import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import sharp from 'sharp';
import { Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { bomb, colourBundle, formulaPicture, plain, png } from './test-pictures.ts';
import { form, send, startColours } from './test-requests.ts';

const RED = png(plain(40, 30, [255, 0, 0]));

let colours: Awaited<ReturnType<typeof startColours>>;
let server: TestServer;

beforeAll(async () => {
  colours = await startColours();
  ({ server } = colours);
});

afterAll(() => colours[Symbol.asyncDispose]());

describe('a request with a bad picture', () => {
  const jpeg = sharp(formulaPicture(64, 64).data, { raw: { width: 64, height: 64, channels: 3 } })
    .jpeg()
    .toBuffer();
  const gif = Buffer.from('GIF89a\x01\0\x01\0\0\0\0', 'latin1');
  type Case = readonly [
    what: string,
    body: () => Promise<FormData | Buffer>,
    status: number,
    code: string,
    text: string,
  ];
  const cases: readonly Case[] = [
    [
      'no part "file"',
      async () => form([RED, 'image/png', 'image']),
      422,
      'InvalidInput',
      'file: is required; the form has "image"',
    ],
    [
      'two parts "file"',
      async () => form([RED], [RED]),
      422,
      'InvalidInput',
      'file: must be given at most once, is 2 times',
    ],
    ['an empty file', async () => form([Buffer.alloc(0)]), 400, 'InvalidImage', 'file: is empty'],
    [
      'a GIF',
      async () => form([gif, 'image/gif']),
      415,
      'UnsupportedMediaType',
      'file: is no JPEG, PNG or WebP: it begins with 47 49 46 38 39 61 01 00 (GIF)',
    ],
    [
      'another type than it says',
      async () => form([RED, 'image/jpeg']),
      415,
      'UnsupportedMediaType',
      'file: says that it is image/jpeg, and its bytes are PNG',
    ],
    [
      'half a JPEG',
      async () => form([(await jpeg).subarray(0, 1500), 'image/jpeg']),
      400,
      'InvalidImage',
      'file: the JPEG cannot be decoded: ',
    ],
    [
      'a JPEG without its frame',
      async () => form([(await jpeg).subarray(0, 20), 'image/jpeg']),
      400,
      'InvalidImage',
      'file: the JPEG ends within its header',
    ],
    [
      'half a PNG',
      async () => form([png(formulaPicture(64, 64)).subarray(0, 900)]),
      400,
      'InvalidImage',
      'file: the PNG cannot be decoded: ',
    ],
    [
      'a PNG of no width',
      async () => form([png(plain(1, 1, [0, 0, 0]), { width: 0 })]),
      400,
      'InvalidImage',
      'file: it says that it is 0 x 1 pixels',
    ],
    [
      'too many pixels',
      async () => form([png(plain(1, 1, [0, 0, 0]), { width: 2000, height: 1000 })]),
      413,
      'ImageTooLarge',
      'file: is 2000 x 1000 pixels, this server takes at most 1000000 pixels',
    ],
    [
      'a side that takes more memory to resize than its pixels do',
      async () => form([png(plain(70_000, 1, [0, 0, 0]))]),
      413,
      'ImageTooLarge',
      'file: is 70000 x 1 pixels, this server takes sides of at most 65535',
    ],
  ];
  test.each(cases)('%s', async (_, body, status, code, text) => {
    const answer = await send(server, '/predict', await body());
    const [detail] = answer.body.details;
    expect({ status: answer.status, code: answer.body.code }).toEqual({ status, code });
    expect(`${detail?.path}: ${detail?.message}`).toContain(text);
  });

  test('in a batch names each of them', async () => {
    const { status, body } = await send(server, '/predict_batch', form([RED], [gif], [RED, 'image/webp']));
    expect(status).toBe(415);
    expect(body.details.map(({ path }) => path)).toEqual(['file[1]', 'file[2]']);
  });

  test('bare bytes of another type than they say are refused, and types that are none of ours', async () => {
    expect((await send(server, '/predict', RED, { 'content-type': 'image/webp' })).status).toBe(415);
    const typed = await send(server, '/predict', RED, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(typed.status).toBe(415);
    expect(typed.body.error).toContain('curl -F file=@photo.jpg');
  });

  test('a broken form says where', async () => {
    const type = 'multipart/form-data; boundary=b';
    const cut = '--b\r\ncontent-disposition: form-data; name="file"\r\n\r\nabc';
    const { status, body } = await send(server, '/predict', cut, { 'content-type': type });
    expect([status, body.code]).toEqual([400, 'InvalidRequest']);
    expect(body.error).toContain('part 0 does not end with the boundary "b"');
    const twice = await send(server, '/predict', cut, { 'content-type': `${type}; boundary=c` });
    expect([twice.status, twice.body.code]).toEqual([400, 'InvalidRequest']);
    expect(twice.body.error).toContain('its content-type has no boundary');
  });

  test('a bomb is refused before it is unpacked', async () => {
    const bytes = bomb(50_000);
    expect(bytes.length).toBeLessThan(5000);
    await send(server, '/predict', form([bytes]));
    const started = performance.now();
    const { status, body } = await send(server, '/predict', form([bytes]));
    expect(performance.now() - started).toBeLessThan(100);
    expect([status, body.code]).toEqual([413, 'ImageTooLarge']);
    expect(body.details[0]?.message).toContain('50000 x 50000');
  });

  test('has the shape of FastAPI where the bundle says so', async () => {
    await using fast = await Folder.create(
      colourBundle({}, { response: { predict: { prediction: { from: 'label' } }, errors: 'detail' } }),
    );
    const other = await startServer(fast.path);
    const { status, body } = await send(other, '/predict', form([RED, 'image/png', 'photo']));
    await other.stop();
    expect(status).toBe(422);
    expect(body).toEqual({
      detail: [{ loc: ['body', 'file'], msg: 'is required; the form has "photo"', type: 'value_error' }],
    });
  });
});
