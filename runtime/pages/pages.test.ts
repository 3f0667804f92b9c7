import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifierBundle, Folder, GATHER, post, startServer, type TestServer } from '#runtime/testing.ts';
import { onnxModel } from '#test/support/onnx.ts';

const HTML = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
const HOSTILE = '</script><img src=x onerror=alert(1)>"\'&';

let folder: Folder;
let server: TestServer;
beforeAll(async () => {
  folder = await Folder.create(classifierBundle());
  server = await startServer(folder.path, { name: 'leavers' });
});
afterAll(async () => {
  await server.stop();
  await folder[Symbol.asyncDispose]();
});

/** Without what formatting put between the elements. */
const pageText = async (path: string): Promise<string> =>
  (await (await get(path, HTML)).text())
    .replaceAll(/\s*>\s+/g, '>')
    .replaceAll(/\s+>/g, '>')
    .replaceAll(/\s+</g, '<');
const get = (path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  fetch(server.url + path, { method, headers });

describe('the page at /', () => {
  test.each([
    [HTML.accept, 'text/html; charset=utf-8'],
    ['*/*', 'application/json'],
    ['application/json', 'application/json'],
    ['application/json, text/html;q=0.9', 'application/json'],
    ['image/png', 'application/json'],
  ])('answers Accept: %s with %s', async (accept, type) => {
    const response = await get('/', { accept });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(type);
    expect(response.headers.get('vary')).toBe('accept');
  });

  test('asks for each feature with its default, choices and limits', async () => {
    const page = await pageText('/');
    expect(page).toMatch(/<label for="input-0"><span class="name">Age<\/span><\/label>/);
    expect(page).toContain('18 to 100, whole.');
    expect(page).toMatch(/<input\s[^>]*id="input-0"[^>]*value="37"/);
    expect(page).toMatch(/<legend><span class="name">Country<\/span><span class="optional">/);
    for (const choice of ['&quot;France&quot;', '&quot;Spain&quot;', '']) {
      expect(page).toContain(`value="${choice}"`);
    }
    expect(page).toContain('0.3 to below 0.7');
  });

  test('offers golden requests that a caller may send, and no others', async () => {
    const data = pageData(await (await get('/', HTML)).text()) as { readonly rows: unknown };
    expect(data.rows).toEqual([
      [50, 'Spain'],
      [20, 'France'],
    ]);
  });

  test('stays as it was for HEAD, other methods and conditional requests', async () => {
    const page = await get('/', HTML);
    const text = await page.text();
    const head = await get('/', HTML, 'HEAD');
    expect(head.status).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-length')).toBe(String(Buffer.byteLength(text)));
    expect((await get('/', HTML, 'POST')).status).toBe(405);
    const etag = page.headers.get('etag') ?? '';
    const again = await get('/', { ...HTML, 'if-none-match': `"other", W/${etag}` });
    expect(again.status).toBe(304);
    expect(await again.text()).toBe('');
    expect(again.headers.get('etag')).toBe(etag);
    expect((await get('/', { ...HTML, 'if-none-match': '"other"' })).status).toBe(200);
  });
});

describe.each(['/', '/docs'])('the page %s', (path) => {
  test('lets nothing run or load but its own style and script', async () => {
    const response = await get(path, HTML);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy') ?? '';
    const style = /<style>([\s\S]*?)<\/style>/.exec(page)?.[1] ?? '';
    const script = /<script type="module">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '';
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `style-src '${sha256(style)}'`,
      `script-src '${sha256(script)}'`,
      "connect-src 'self'",
      "require-trusted-types-for 'script'",
      "trusted-types 'none'",
      'img-src data: blob:',
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(script).not.toMatch(/^(?:import|export) /m);
    expect(page).not.toMatch(/\son\w+=|style="|https?:\/\//);
  });

  test('has links that hold behind a path prefix', async () => {
    const page = await (await get(path, HTML)).text();
    const links = [...page.matchAll(/(?:href|src|action)="([^"]*)"/g)].map(([, link]) => link ?? '');
    expect(links).toEqual(expect.arrayContaining(['./', 'docs', 'metrics', 'model/info']));
    expect(links.filter((link) => link.startsWith('/'))).toEqual([]);
  });
});

describe('the page at /docs', () => {
  test('counts its examples as no requests', async () => {
    await get('/docs');
    const metrics = await (await get('/metrics')).text();
    expect(metrics).toContain('path="/docs"');
    expect(metrics).not.toContain('path="/v2/models/:name"');
    expect(metrics).not.toContain('path="/predict"');
    expect(metrics).toMatch(/predictions_total\{outcome="HIGH"\} 0/);
    expect(metrics).toMatch(/windlass_run_rows_count 0/);
  });

  test('has every endpoint, with a request that was answered and its answer', async () => {
    const page = await (await get('/docs')).text();
    const { paths } = (await (await get('/openapi.json')).json()) as { readonly paths: object };
    for (const operation of Object.values(paths) as Readonly<Record<string, { operationId: string }>>[]) {
      for (const { operationId } of Object.values(operation)) expect(page).toContain(`id="${operationId}"`);
    }
    expect(page).toContain('&quot;Age&quot;: 50');
    expect(page).toContain('&quot;risk&quot;: &quot;HIGH&quot;');
    expect(page).toContain('&quot;datatype&quot;: &quot;BYTES&quot;');
    const { commands } = pageData(page) as { readonly commands: readonly Command[] };
    for (const { id, path, body } of commands) {
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(
        `${server.url}/${path}`,
        body === undefined ? {} : { method: 'POST', body, headers },
      );
      expect([path, response.status]).toEqual([path, 200]);
      if (body === undefined) continue;
      const shown = new RegExp(`<pre\\s+id="${id}-answer"[^>]*>([^<]*)</pre\\s*>`).exec(page)?.[1] ?? '';
      expect(rounded(JSON.parse(shown.replaceAll('&quot;', '"')))).toEqual(rounded(await response.json()));
    }
  });
});

test('names, descriptions and choices from model.json are text, whatever they hold', async () => {
  const feature = (name: string, more: object) => ({ name, type: 'float32', shape: [null, 1], ...more });
  const inputs = [HOSTILE, `${HOSTILE}2`].map((name) => ({ name, type: 'string' as const, shape: ['N', 1] }));
  const model = onnxModel({
    inputs: [...inputs, { name: '__proto__', type: 'float32', shape: ['N', 1] }],
    outputs: [{ name: 'y', type: 'float32', shape: ['N', 1] }],
    nodes: [{ op: 'Identity', inputs: ['__proto__'], outputs: ['y'] }],
  });
  const manifest = {
    formatVersion: 1,
    name: HOSTILE,
    version: HOSTILE,
    task: 'regression',
    description: HOSTILE,
    files: { 'model.onnx': { sha256: createHash('sha256').update(model).digest('hex'), size: model.length } },
    inputs: [
      {
        ...feature(HOSTILE, { values: [HOSTILE, 'b'], description: HOSTILE, unit: HOSTILE }),
        type: 'string',
      },
      { ...feature(`${HOSTILE}2`, { default: HOSTILE }), type: 'string' },
      feature('__proto__', { description: '<!--<script>' }),
    ],
    outputs: [{ name: 'y', type: 'float32', shape: [null, 1] }],
    decision: { output: 'y', bands: [{ label: HOSTILE, below: 1 }, { label: 'b' }] },
  };
  await using files = await Folder.create(
    new Map<string, Uint8Array>([
      ['model.onnx', model],
      ['model.json', Buffer.from(JSON.stringify(manifest))],
    ]),
  );
  const hostile = await startServer(files.path);
  try {
    for (const path of ['/', '/docs']) {
      const page = await (await fetch(hostile.url + path, { headers: HTML })).text();
      expect(page).not.toMatch(/<img|<!--/);
      expect(page.match(/<\/script>/g)).toHaveLength(2);
      expect(page).toContain('&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
      expect(() => pageData(page)).not.toThrow();
    }
  } finally {
    await hostile.stop();
  }
});

test('a bare graph is asked for with JSON that it takes', async () => {
  await using files = await Folder.create(
    new Map([
      [
        'tensor.onnx',
        onnxModel({
          inputs: [
            { name: 'small', type: 'float32', shape: ['N', 2, 2] },
            { name: 'large', type: 'float32', shape: ['N', 3, 64, 64] },
          ],
          outputs: [{ name: 'y', type: 'float32', shape: ['N', 3, 64, 64] }],
          nodes: [{ op: 'Identity', inputs: ['large'], outputs: ['y'] }],
        }),
      ],
    ]),
  );
  const bare = await startServer(files.path);
  try {
    const page = await (await fetch(bare.url, { headers: HTML })).text();
    expect(page).toContain('[[0.5,0.5],[0.5,0.5]]</textarea>');
    expect(page).toContain(
      'JSON of shape [3, 64, 64], float32. Left empty, each of its elements is sent as 0.5.',
    );
    expect(page.length).toBeLessThan(100_000);
    expect((await (await fetch(`${bare.url}/docs`)).text()).length).toBeLessThan(150_000);
  } finally {
    await bare.stop();
  }
});

test.each([
  ['float32', ['N', 'M'], '[0.5]'],
  ['float32', [2, 2], '[[0.5,0.5],[0.5,0.5]]'],
  ['string', ['N', 2], '[&quot;&quot;,&quot;&quot;]'],
  ['uint8', [1, 3], '[[1,1,1]]'],
] as const)('a tensor of %s %j is shown as %s, which the model takes', async (type, shape, text) => {
  const tensor = (name: string) => ({ name, type, shape: [...shape] });
  const model = onnxModel({
    inputs: [tensor('x')],
    outputs: [tensor('y')],
    nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
  });
  await using files = await Folder.create(new Map([['identity.onnx', model]]));
  const bare = await startServer(files.path);
  try {
    const page = await (await fetch(bare.url, { headers: HTML })).text();
    expect(/<textarea[^>]*>\s*([^<]*)<\/textarea>/.exec(page)?.[1]).toBe(text);
    const { commands } = pageData(await (await fetch(`${bare.url}/docs`)).text()) as {
      readonly commands: readonly Command[];
    };
    const answered = commands.filter(({ body }) => body !== undefined).map(({ path }) => path);
    expect(answered).toEqual(
      expect.arrayContaining(['predict', 'predict_batch', 'v2/models/identity/infer']),
    );
  } finally {
    await bare.stop();
  }
});

test('a model that refuses its example still has its pages', async () => {
  const model = onnxModel({
    ...GATHER,
    initializers: [{ name: 'data', type: 'float32', dims: [1], data: [0] }],
  });
  await using files = await Folder.create(new Map([['gather.onnx', model]]));
  const gather = await startServer(files.path);
  try {
    const { status, body } = await post(`${gather.url}/predict`, gather.model.example);
    expect([status, body.code]).toEqual([422, 'InputRefusedByModel']);
    for (const path of ['/', '/docs']) {
      expect((await fetch(gather.url + path, { headers: HTML })).status).toBe(200);
    }
  } finally {
    await gather.stop();
  }
});

interface Command {
  readonly id: string;
  readonly path: string;
  readonly body?: string;
}

function pageData(page: string): unknown {
  return JSON.parse(
    /<script type="application\/json" id="page-data">([\s\S]*?)<\/script>/.exec(page)?.[1] ?? '',
  );
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Golden answers are those of another machine. */
function rounded(value: unknown): unknown {
  const round = (_: string, item: unknown) => (typeof item === 'number' ? Number(item.toPrecision(5)) : item);
  return JSON.parse(JSON.stringify(value, round)) as unknown;
}
