import { crc32, deflateSync } from 'node:zlib';
import * as fc from 'fast-check';
import sharp from 'sharp';

/** A picture as a PNG: `width` and `height` in its head, and data for `rows` rows of noise. */
export function png(width: number, height: number, colour: 0 | 2 | 3 | 6, rows = height): Buffer {
  const channels = { 0: 1, 2: 3, 3: 1, 6: 4 }[colour];
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, colour, 0, 0, 0], 8);
  const stride = 1 + width * channels;
  const pixels = Buffer.alloc(Math.min(stride * rows, 4_000_000));
  for (let i = 0; i < pixels.length; i++) pixels[i] = i % stride === 0 ? 0 : (i * 37) % 251;
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    ...(colour === 3 ? [chunk('PLTE', Buffer.alloc(768, 90))] : []),
    chunk('IDAT', deflateSync(pixels)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

const whole = (format: 'jpeg' | 'webp' | 'gif' | 'tiff' | 'avif'): Promise<Buffer> =>
  sharp({ create: { width: 9, height: 7, channels: 3, background: '#a05' } })
    .toFormat(format)
    .toBuffer();

/** Whole files of other kinds, and files that only begin like one. */
const OTHERS: readonly Buffer[] = [
  ...(await Promise.all((['jpeg', 'webp', 'gif', 'tiff', 'avif'] as const).map(whole))),
  Buffer.from(
    'GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;',
    'latin1',
  ),
  Buffer.from('\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01', 'latin1'),
  Buffer.from('RIFF\x24\x00\x00\x00WEBPVP8 ', 'latin1'),
  Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'),
  Buffer.from('%PDF-1.7'),
  Buffer.from('II*\x00\x08\x00\x00\x00', 'latin1'),
  Buffer.from('BM'),
  Buffer.alloc(0),
];

export const pictures: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom<(0 | 2 | 3 | 6)[]>(0, 2, 3, 6),
      )
      .map(([w, h, colour]) => png(w, h, colour)),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<[number, number][]>([60_000, 60_000], [2 ** 31, 1], [0, 0], [20_000, 5000])
      .map(([w, h]) => png(w, h, 0, 1)),
  },
  { weight: 2, arbitrary: fc.constantFrom(...OTHERS) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
);

/** A multipart form, and what its content-type says. */
export interface Form {
  readonly contentType: string;
  readonly body: Buffer;
}

const boundaries = fc.constantFrom(
  'x',
  'x',
  '----WebKitFormBoundary7MA4YWxkTrZu0gW',
  "a'()+_,-./:=?b",
  'y'.repeat(70),
  'z'.repeat(300),
);

export function forms(files: fc.Arbitrary<Buffer>): fc.Arbitrary<Form> {
  const part = fc.tuple(
    fc.constantFrom(
      'name="file"; filename="a.png"',
      'name="file"; filename="a.png"',
      'name="file"',
      'name="other"',
      'filename="x"',
      'name=file',
      'name="fi\\"le"',
      '',
    ),
    fc.constantFrom(
      'Content-Type: image/png\r\n',
      '',
      'Content-Type: text/plain\r\n',
      `X: ${'y'.repeat(20_000)}\r\n`,
      'Content-Transfer-Encoding: base64\r\n',
    ),
    files,
  );
  return fc
    .tuple(
      boundaries,
      fc.array(part, { maxLength: 3 }),
      fc.constantFrom('', '', '', 'other', 'open', 'bare', 'none'),
    )
    .map(([boundary, parts, fault]) => {
      const inBody = fault === 'other' ? 'w' : boundary;
      const line = fault === 'bare' ? '\n' : '\r\n';
      const pieces = parts.flatMap(([disposition, headers, file]) => [
        Buffer.from(`--${inBody}${line}Content-Disposition: form-data; ${disposition}\r\n${headers}${line}`),
        file,
        Buffer.from(line),
      ]);
      const end = Buffer.from(fault === 'open' ? '' : `--${inBody}--\r\n`);
      return {
        contentType: fault === 'none' ? 'multipart/form-data' : `multipart/form-data; boundary="${boundary}"`,
        body: Buffer.concat([...pieces, end]),
      };
    });
}
