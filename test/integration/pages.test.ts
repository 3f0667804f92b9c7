import { createServer, request as ask, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, test } from 'vitest';
import { classifierBundle, Folder, startServer, type TestServer } from '#runtime/testing.ts';
import { browserOrReason, Tab } from '#test/browser/index.ts';
import { run } from '#test/cluster/command.ts';

const browser = await browserOrReason();
const servers: TestServer[] = [];
const folders: Folder[] = [];

async function serve(manifest: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const folder = await Folder.create(classifierBundle(manifest));
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

const ANSWERED = `document.querySelector('#answer .big, #answer .bars') !== null`;
const REFUSED = `document.querySelector('[aria-invalid=true]') !== null`;
const FOCUSED = 'document.activeElement.id';

describe.skipIf(browser === undefined)('the page to try a model, in a browser', async () => {
  const url = browser === undefined ? '' : await serve();
  const open = (options = {}, address = url) => {
    if (browser === undefined) throw new Error('no browser');
    return Tab.open(browser, address, options);
  };

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
