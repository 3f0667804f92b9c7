import net from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { post, serveClassifier } from '#runtime/testing.ts';

let server: Awaited<ReturnType<typeof serveClassifier>>;

beforeAll(async () => {
  server = await serveClassifier();
});

afterAll(async () => {
  await server.stop();
});

const GOOD = { Age: 50, Country: 'Spain' };

describe('a bad request', () => {
  const predict = (body: unknown, headers?: Record<string, string>) =>
    post(`${server.url}/predict`, body, headers);

  test.each([
    ['a missing field', {}, 422, 'Age: is required; it is missing'],
    ['null for a required field', { Age: null }, 422, 'Age: is required; it is null'],
    ['text for a number', { Age: 'old' }, 422, 'Age: must be a number, got string "old"'],
    ['a number for text', { Age: 40, Country: 7 }, 422, 'Country: must be a string, got number 7'],
    ['too little', { Age: 17 }, 422, 'Age: must be at least 18, got 17'],
    ['too much', { Age: 101 }, 422, 'Age: must be at most 100, got 101'],
    ['a fraction', { Age: 40.5 }, 422, 'Age: must be a whole number, got 40.5'],
    ['a number beyond float32', { Age: 1e300 }, 422, 'Age: is too large for float32: 1e+300'],
    ['a number beyond every float', '{"Age": 1e999}', 422, 'Age: is too large for float32: Infinity'],
    [
      'an unknown choice',
      { Age: 40, Country: 'Peru' },
      422,
      'Country: must be one of France, Spain; got string "Peru"',
    ],
    ['an array', { Age: [40] }, 422, 'Age: must be a number, got an array of 1'],
    ['an object', { Age: { a: 1 } }, 422, 'Age: must be a number, got an object'],
    ['a misspelt column', { age: 40 }, 422, 'age: is no input of this model; did you mean "Age"?'],
    ["a prototype's name", '{"__proto__": {"Age": 40}}', 422, 'Age: is required; it is missing'],
    ['no object', [1], 422, 'must be an object of named features, got an array of 1'],
    ['truncated JSON', '{"Age": 4', 400, ''],
    ['NaN', '{"Age": NaN}', 400, ''],
    ['no body', '', 400, ''],
    [
      'deep nesting',
      `${'['.repeat(90_000)}${']'.repeat(90_000)}`,
      422,
      'must be an object of named features, got an array of 1',
    ],
    [
      'deep nesting in a field',
      `{"Age": ${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      422,
      'Age: must be a number, got an object',
    ],
  ])('with %s is told what is wrong', async (_, body, status, problem) => {
    const answer = await predict(body);
    expect(answer.status).toBe(status);
    expect(answer.body.code).toBe(status === 400 ? 'InvalidJson' : 'InvalidInput');
    const problems = answer.body.details.map((detail) =>
      detail.path === '' ? detail.message : `${detail.path}: ${detail.message}`,
    );
    if (problem !== '') expect(problems).toContain(problem);
  });

  test('names all bad fields at once', async () => {
    const { body } = await predict({ Age: 'x', Country: 5 });
    expect(body.details.map(({ path }) => path)).toEqual(['Age', 'Country']);
  });

  test.each([
    [{}, 'customers', 'must be an array of 1 to 50 objects; it is missing'],
    [{ customers: [] }, 'customers', 'must have at least 1 row, has 0'],
    [
      { customers: Array.from({ length: 51 }, () => GOOD) },
      'customers',
      'must have at most 50 rows, has 51; split the batch',
    ],
    [{ customers: [GOOD, { Age: 5 }] }, 'customers[1].Age', 'must be at least 18, got 5'],
    [{ customers: [GOOD, null] }, 'customers[1]', 'must be an object of named features, got null'],
    [
      [GOOD],
      'customers',
      'must be an array of 1 to 50 objects; the body is a bare array, wrap it as {"customers": [...]}',
    ],
  ])('of a batch %#: it says where and what', async (request, path, message) => {
    const { status, body } = await post(`${server.url}/predict_batch`, request);
    expect(status).toBe(422);
    expect(body.details[0]).toEqual({ path, message });
  });

  test('is not one that begins with a byte order mark', async () => {
    const { status } = await predict(`\uFEFF${JSON.stringify(GOOD)}`);
    expect(status).toBe(200);
  });

  test('of the V2 protocol with a negative size is told so', async () => {
    const { body } = await post(`${server.url}/v2/models/leavers/infer`, {
      inputs: [{ name: 'Age', shape: [-1, 1], datatype: 'FP32', data: [40] }],
    });
    expect(body.error).toContain('inputs[0].shape: sizes must be 0 or more, got -1; the model takes [-1, 1]');
  });

  test('that is not UTF-8 is a 400', async () => {
    const response = await fetch(`${server.url}/predict`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]),
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'InvalidJson' });
  });

  test.each([
    ['text/plain', {}, 415],
    ['application/x-www-form-urlencoded', {}, 415],
    ['application/json', { 'content-encoding': 'br' }, 415],
    ['application/json', { 'content-encoding': 'gzip, gzip' }, 415],
    ['application/json', { 'content-encoding': 'gzip' }, 400],
    ['application/json', { 'content-encoding': 'identity' }, 200],
    ['application/octet-stream', {}, 415],
    ['application/json', { 'inference-header-content-length': '10' }, 400],
    ['application/json; charset=utf-8', {}, 200],
    ['application/vnd.model+json', {}, 200],
  ])('of type %s %o is %i', async (type, headers, status) => {
    expect((await predict(GOOD, { 'content-type': type, ...headers })).status).toBe(status);
  });

  test.each([
    ['GET', '/predict', 405, 'POST'],
    ['PUT', '/predict_batch', 405, 'POST'],
    ['POST', '/health', 405, 'GET, HEAD'],
    ['DELETE', '/v2/models/leavers/infer', 405, 'POST'],
    ['GET', '/nothing', 404, null],
    ['POST', '/predict/', 404, null],
    ['GET', '/v2/models/other', 404, null],
    ['POST', '/v2/models/other/infer', 404, null],
    ['POST', '/v2/models/leavers/versions/8/infer', 404, null],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const response = await fetch(server.url + path, { method, ...(method === 'GET' ? {} : { body: '{}' }) });
    expect(response.status).toBe(status);
    expect(response.headers.get('allow')).toBe(allow);
    expect(await response.json()).toHaveProperty('error');
  });

  test('whose declared length is too great is refused before it is sent', async () => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 100000000\r\n\r\n{',
    );
    const [first]: Buffer[] = await new Promise((resolve) =>
      socket.once('data', (data: Buffer) => resolve([data])),
    );
    expect(first?.toString()).toMatch(/^HTTP\/1\.1 413 [\s\S]*connection: close[\s\S]*BodyTooLarge/i);
    socket.destroy();
  });

  test('that is too long without saying so is cut at the limit, and its sender can read why', async () => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    const closed = new Promise<boolean>((resolve) => socket.on('close', resolve));
    socket.write('POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n');
    for (let i = 0; i < 100; i++) socket.write(`2710\r\n${' '.repeat(10_000)}\r\n`);
    socket.write('0\r\n\r\n');
    expect(await closed).toBe(false);
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('that waits for leave to send too much does not get it', async () => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(
      'POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100000000\r\nexpect: 100-continue\r\n\r\n',
    );
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('whose sender is slow ends after the time for requests', async () => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write('POST /predict HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n');
    const timer = setInterval(() => socket.write(' '), 100);
    await closed;
    clearInterval(timer);
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*RequestTimeout/);
  });

  test.each([
    ['content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}', "Transfer-Encoding can't be present with"],
    ['content-length: 2\r\ncontent-length: 2\r\n\r\n{}', 'Duplicate Content-Length'],
    ['content-length: 9\r\n\r\n{}', 'it ends too early'],
    ['host: y\r\ncontent-length: 2\r\n\r\n{}', 'more than one host header'],
  ])('with the head %j is refused with its fault', async (rest, fault) => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.end(`POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n${rest}`);
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(answer).toContain(fault);
  });

  test.each([
    [
      'with an unknown transfer-encoding',
      'POST /predict HTTP/1.1\r\nhost: x\r\ntransfer-encoding: xchunked\r\n\r\n',
      400,
    ],
    ['with lines that end in line feeds', 'POST /predict HTTP/1.1\nhost: x\n\n', 400],
    ['for a tunnel', 'CONNECT x:80 HTTP/1.1\r\nhost: x\r\n\r\n', 404],
  ])('%s is answered before its connection ends', async (_case, bytes, status) => {
    const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
    let answer = '';
    socket.on('data', (data: Buffer) => (answer += data.toString()));
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.write(bytes);
    await closed;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain('"error"');
  });

  test('that is no HTTP is a 400, and one with endless headers a 431', async () => {
    const answers: string[] = [];
    for (const bytes of [
      'nonsense\r\n\r\n',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    ]) {
      const socket = net.connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => undefined);
      let answer = '';
      socket.on('data', (data: Buffer) => (answer += data.toString()));
      const closed = new Promise((resolve) => socket.on('close', resolve));
      socket.write(bytes);
      await closed;
      answers.push(answer);
    }
    expect(answers[0]).toMatch(/^HTTP\/1\.1 400 [\s\S]*InvalidRequest/);
    expect(answers[1]).toMatch(/^HTTP\/1\.1 431 [\s\S]*HeadersTooLarge/);
  });

  test.each([
    ['too little', [[3]], ['Spain'], 'inputs[0].data[0][0]: must be at least 18, got 3'],
    ['too much', [101], ['Spain'], 'inputs[0].data[0]: must be at most 100, got 101'],
    ['a fraction', [37.5], ['Spain'], 'inputs[0].data[0]: must be a whole number, got 37.5'],
    ['no value that is required', [null], ['Spain'], 'inputs[0].data[0]: must be a number, got null'],
    [
      'an unknown choice',
      [40],
      ['Atlantis'],
      'inputs[1].data[0]: must be one of France, Spain; got string "Atlantis"',
    ],
  ])('of the V2 protocol with %s is a 400, as /predict refuses it', async (_, age, country, problem) => {
    const { status, body } = await infer(age, country);
    expect(status).toBe(400);
    expect(body.error).toBe(`the inference request does not fit the model; ${problem}`);
  });

  test.each(['', null])('of the V2 protocol is none for %j where a value may be missing', async (country) => {
    const { status, body } = await infer([40], [country]);
    expect(status).toBe(200);
    expect(body.outputs[0]?.data).toEqual([0.5, 0.5]);
  });

  const infer = (age: unknown, country: unknown) =>
    post(`${server.url}/v2/models/leavers/infer`, {
      inputs: [
        { name: 'Age', shape: [1, 1], datatype: 'FP32', data: age },
        { name: 'Country', shape: [1, 1], datatype: 'BYTES', data: country },
      ],
    });

  test('of the V2 protocol names everything that is wrong, as a 400', async () => {
    const { status, body } = await post(`${server.url}/v2/models/leavers/infer`, {
      inputs: [
        { name: 'Age', shape: [1, 1], datatype: 'INT64', data: [1] },
        { name: 'Other', shape: [1], datatype: 'FP32', data: [1] },
      ],
      outputs: [{ name: 'nothing' }, { name: 'probabilities', parameters: { classification: 1 } }],
    });
    expect(status).toBe(400);
    expect(Object.keys(body)).toEqual(['error']);
    for (const part of [
      'must be FP32',
      '"Other"',
      'lacks the input "Country"',
      '"nothing"',
      'outputs[1].parameters.classification: is not supported by this server',
    ]) {
      expect(body.error).toContain(part);
    }
  });
});
