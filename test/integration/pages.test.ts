import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'puppeteer-core';
import { afterAll, describe, expect, test } from 'vitest';
import { colourBundle, plain, png } from '#runtime/image/test-pictures.ts';
import { classifierBundle, Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { browserOrReason, Tab, type TabOptions } from '#test/browser/index.ts';
import { run } from '#test/cluster/command.ts';
import type { BundleFiles } from '#test/support/bundle.ts';
import { onnxModel } from '#test/support/onnx.ts';

const browser = await browserOrReason();
const servers: TestServer[] = [];
const folders: Folder[] = [];

const serve = (manifest: Readonly<Record<string, unknown>> = {}): Promise<string> =>
  serveFiles(classifierBundle(manifest));

async function serveFiles(files: BundleFiles): Promise<string> {
  const folder = await Folder.create(files);
  folders.push(folder);
  const server = await startServer(folder.path, { name: 'leavers', revision: 'leavers-0123456789' });
  servers.push(server);
  return `${server.url}/`;
}

afterAll(async () => {
  await browser?.close();
  for (const server of servers) await server.stop();
  for (const folder of folders) await folder[Symbol.asyncDispose]();
});

function browserOf(): Browser {
  if (browser === undefined) throw new Error('there is no browser');
  return browser;
}

const ANSWERED = `document.querySelector('#answer .big, #answer .bars') !== null`;
const REFUSED = `document.querySelector('[aria-invalid=true]') !== null`;
const FOCUSED = 'document.activeElement.id';

describe.skipIf(browser === undefined)('the page to try a model, in a browser', async () => {
  const url = browser === undefined ? '' : await serve();
  const open = (options: TabOptions = {}, address = url) => Tab.open(browserOf(), address, options);

  test('asks, and shows the answer with what decided it, how long it took and who gave it', async () => {
    await using tab = await open();
    await tab.fill('#input-0', '50');
    await tab.page.click('input[value=\'"Spain"\']');
    await tab.page.click('button[type=submit]');
    await tab.waitFor(ANSWERED);
    expect(await tab.text('#answer .big')).toBe('88.1 %');
    expect(await tab.text('#answer')).toContain('probability of leaves');
    expect(await tab.text('#answer')).toContain('HIGH: 0.8808 is at least 0.7.');
    expect(await tab.text('#answer')).toContain('leaves: 0.8808 reaches the threshold of 0.5.');
    expect(await tab.text('[data-band].here')).toMatch(/0\.7 and more\s+HIGH/);
    expect(await tab.text('#timing')).toMatch(
      /[\d.]+ ms round trip\s+answered by revision leavers-0123456789/,
    );
    expect(JSON.parse(await tab.text('#json'))).toMatchObject({ probability: 0.8808, risk: 'HIGH' });
    expect(tab.faults).toEqual([]);
  });

  test('is filled from an example, moves its sliders, and leaves out what is missing', async () => {
    await using tab = await open();
    await tab.page.select('#fill', '1');
    expect(await tab.read(`document.querySelector('#input-0').value`)).toBe('20');
    expect(await tab.read(`document.querySelector('[type=range]').value`)).toBe('20');
    expect(await tab.text('#curl')).toContain(`{"Age": 20, "Country": "France"}`);
    await tab.page.click('.choice.none input');
    await tab.read(
      `{ const slider = document.querySelector('[type=range]'); slider.value = 44; slider.dispatchEvent(new Event('input', { bubbles: true })); }`,
    );
    expect(await tab.text('#curl')).toContain(`--data-raw '{"Age": 44}'`);
  });

  test('shows integers of 64 bits as they were answered', async () => {
    const model = onnxModel({
      inputs: [{ name: 'x', type: 'int64', shape: ['N', 1] }],
      outputs: [{ name: 'y', type: 'int64', shape: ['N', 1] }],
      nodes: [{ op: 'Identity', inputs: ['x'], outputs: ['y'] }],
    });
    await using tab = await open({}, await serveFiles(new Map([['model.onnx', model]])));
    await tab.fill('#input-0', '9007199254740993');
    await tab.page.click('button[type=submit]');
    await tab.waitFor(ANSWERED);
    expect(await tab.text('#answer .big')).toBe('9007199254740993');
    expect(tab.faults).toEqual([]);
  });

  test('can be used with the keyboard alone', async () => {
    await using tab = await open();
    const visited: unknown[] = [];
    for (let i = 0; i < 20 && (await tab.read(FOCUSED)) !== 'input-0'; i++) {
      await tab.page.keyboard.press('Tab');
      visited.push(await tab.read('document.activeElement.textContent.trim().slice(0, 30)'));
    }
    expect(visited[0]).toBe('Skip to the content');
    for (let i = 0; i < 3; i++) await tab.page.keyboard.press('ArrowUp');
    await tab.page.keyboard.press('Tab');
    await tab.page.keyboard.press('ArrowLeft');
    expect(await tab.text('#curl')).toContain(`{"Age": 40, "Country": "Spain"}`);
    await tab.page.keyboard.press('Enter');
    await tab.waitFor(ANSWERED);
    expect(await tab.text('#answer .big')).toBe('73.1 %');
    expect(await tab.read(`document.querySelector('#answer').getAttribute('role')`)).toBe('status');
  });

  test.each(['windlass', 'detail'])(
    'shows what is wrong at its field, and goes there (errors: %s)',
    async (errors) => {
      const response = { predict: { p: { from: 'probability' } }, errors };
      await using tab = await open({}, await serve({ response }));
      await tab.fill('#input-0', '12');
      await tab.page.click('button[type=submit]');
      await tab.waitFor(REFUSED);
      expect(await tab.text('#input-0-error')).toBe('must be at least 18, got 12');
      expect(await tab.text('#problem')).toBe('One field needs another value.');
      expect(await tab.read(FOCUSED)).toBe('input-0');
      expect(await tab.accessibilityProblems()).toEqual([]);
      await tab.fill('#input-0', 'old');
      expect(await tab.text('#input-0-error')).toBe('');
      await tab.page.keyboard.press('Enter');
      await tab.waitFor(REFUSED);
      expect(await tab.text('#input-0-error')).toBe('must be a number, got string "old"');
      await tab.fill('#input-0', '');
      await tab.page.keyboard.press('Enter');
      await tab.waitFor(REFUSED);
      expect(await tab.text('#input-0-error')).toBe('is required; it is missing');
    },
  );

  test('says so when the server is gone', async () => {
    await using tab = await open();
    await tab.page.setOfflineMode(true);
    await tab.page.click('button[type=submit]');
    await tab.waitFor(`document.querySelector('#problem').textContent !== ''`);
    expect(await tab.text('#problem')).toMatch(/^The server could not be reached: .*port-forward/);
  });

  test('gives a curl command that works as it is pasted, whatever the names hold', async () => {
    const choice = `O'Brien & "<b>$HOME \`id\` \\ !</b>`;
    const inputs = [
      { name: 'Age', type: 'float32', shape: [null, 1], range: { min: 18, max: 100 }, default: 37 },
      { name: 'Country', type: 'string', shape: [null, 1], required: false, values: [choice, 'Spain'] },
    ];
    await using tab = await open({}, await serve({ inputs, golden: undefined }));
    await tab.page.click('.choice input');
    const command = await tab.text('#curl');
    const stdout = await run('bash', ['-c', command]);
    expect(JSON.parse(stdout)).toMatchObject({ probability: 0.4256, model_version: '7' });
    expect(tab.faults).toEqual([]);
  });

  test('and that of the API work behind a path prefix', async () => {
    const { server, address } = await behindPrefix(url);
    try {
      await using tab = await open({}, address);
      await tab.page.click('button[type=submit]');
      await tab.waitFor(ANSWERED);
      expect(await tab.text('#curl')).toContain(`curl -s ${address}predict `);
      await Promise.all([tab.page.waitForNavigation(), tab.page.click('nav a[href="docs"]')]);
      expect(tab.page.url()).toBe(`${address}docs`);
      const stdout = await run('bash', ['-c', await tab.text('#postV2ModelsNameInfer-curl')]);
      expect(JSON.parse(stdout)).toMatchObject({ model_name: 'leavers' });
      await Promise.all([tab.page.waitForNavigation(), tab.page.click('nav a[href="./"]')]);
      expect(tab.page.url()).toBe(address);
      expect(tab.faults).toEqual([]);
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  test.each([
    ['', 'light', 1280],
    ['', 'dark', 1280],
    ['', 'light', 390],
    ['', 'dark', 390],
    ['docs', 'light', 1280],
    ['docs', 'dark', 1280],
    ['docs', 'light', 390],
    ['docs', 'dark', 390],
  ] as const)(
    'at "/%s", %s, %i pixels wide, has nothing that axe finds wrong',
    async (path, scheme, width) => {
      await using tab = await open({ scheme, width }, url + path);
      if (path === '') {
        await tab.page.click('button[type=submit]');
        await tab.waitFor(ANSWERED);
      }
      expect(await tab.accessibilityProblems()).toEqual([]);
      expect(await tab.read('document.documentElement.scrollWidth')).toBe(width);
      const ground = String(await tab.read('getComputedStyle(document.body).backgroundColor'));
      const brightness = Number(/\d+/.exec(ground)?.[0]);
      expect(scheme === 'light' ? brightness > 200 : brightness < 50).toBe(true);
      const picture = await tab.picture(`${path === '' ? 'try' : path}-${scheme}-${width}`);
      expect(picture.length).toBeGreaterThan(10_000);
      expect(tab.faults).toEqual([]);
    },
  );
});

describe.skipIf(browser === undefined)('the page of a model of pictures, in a browser', async () => {
  const url = browser === undefined ? '' : await serveFiles(colourBundle());
  const pictures = await Folder.create();
  folders.push(pictures);
  const name = `it's "red", 1;2.png`;
  const picture = await pictures.write(name, png(plain(64, 48, [255, 0, 0])));
  const open = (options: TabOptions = {}) => Tab.open(browserOf(), url, options);

  test('shows the picture that is chosen, and what the model sees in it', async () => {
    await using tab = await open();
    await choose(tab, picture);
    await tab.waitFor(`!document.querySelector('.preview').hidden`);
    await tab.page.click('button[type=submit]');
    await tab.waitFor(ANSWERED);
    expect(await tab.text('#answer .big')).toBe('Red');
    expect(await tab.text('#answer .bars')).toMatch(/Red\s+57\.6 %\s+Green\s+21\.2 %\s+Blue\s+21\.2 %/);
    expect(await tab.accessibilityProblems()).toEqual([]);
    const stdout = await run('bash', ['-c', await tab.text('#curl')], { cwd: pictures.path });
    expect(JSON.parse(stdout)).toMatchObject({ prediction: 'Red' });
    await tab.picture('picture-light-1280');
    expect(tab.faults).toEqual([]);
  });

  test('takes one that is dropped', async () => {
    await using tab = await open({ width: 390, scheme: 'dark' });
    const bytes = [...png(plain(16, 16, [0, 0, 255]))];
    await tab.read(`{
      const dropped = new DataTransfer();
      dropped.items.add(new File([new Uint8Array(${JSON.stringify(bytes)})], 'blue.png', { type: 'image/png' }));
      document.querySelector('[data-drop]').dispatchEvent(
        new DragEvent('drop', { dataTransfer: dropped, bubbles: true, cancelable: true }));
    }`);
    expect(await tab.text('#curl')).toContain('-F file=@blue.png');
    await tab.page.click('button[type=submit]');
    await tab.waitFor(ANSWERED);
    expect(await tab.text('#answer .big')).toBe('Blue');
    await tab.picture('picture-dark-390');
    expect(await tab.read('document.documentElement.scrollWidth')).toBe(390);
    expect(tab.faults).toEqual([]);
  });

  test('says at its field that it is missing, and what the server has against it', async () => {
    await using tab = await open();
    await tab.page.click('button[type=submit]');
    await tab.waitFor(REFUSED);
    expect(await tab.text('#input-0-error')).toBe('is required; choose a picture first');
    expect(await tab.read(FOCUSED)).toBe('input-0');
    await choose(tab, await pictures.write('broken.png', Buffer.from('no picture')));
    await tab.page.click('button[type=submit]');
    await tab.waitFor(REFUSED);
    expect(await tab.text('#input-0-error')).not.toBe('');
    expect(await tab.text('#problem')).toBe('One field needs another value.');
  });

  test('has its golden picture as the example of the API', async () => {
    await using tab = await Tab.open(browserOf(), `${url}docs`);
    expect(await tab.text('#postPredict-answer')).toContain('"prediction": "Red"');
    expect(await tab.text('#postPredict-curl')).toBe(`curl -s ${url}predict \\\n  -F file=@red.png`);
    expect(tab.faults).toEqual([]);
  });
});

async function choose({ page }: Tab, path: string): Promise<void> {
  const [chooser] = await Promise.all([page.waitForFileChooser(), page.click('input[type=file]')]);
  await chooser.accept([path]);
}

/** A proxy that has the server at /team/model/, as an ingress may. */
async function behindPrefix(target: string): Promise<{ readonly server: Server; readonly address: string }> {
  const prefix = '/team/model/';
  const server = createServer((request, response) => {
    const { url: path = '', method = 'GET', headers } = request;
    if (!path.startsWith(prefix)) {
      response.writeHead(404).end();
      return;
    }
    const passed = ask(new URL(path.slice(prefix.length), target), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    request.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `http://127.0.0.1:${(server.address() as AddressInfo).port}${prefix}` };
}
