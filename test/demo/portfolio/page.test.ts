import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startPage } from './page.ts';
import { raisedAlerts, readPrometheus, valuesByName } from './readings.ts';
import type { ModelState } from './state.ts';

const STATE: ModelState = {
  name: 'bankchurn',
  version: '3',
  ready: { reason: 'Serving', message: 'Revision 1 serves.' },
  drifted: undefined,
};

const vector = (value: string): object => ({
  data: { result: [{ metric: { name: 'bankchurn' }, value: [0, value] }] },
});
const alert = (alertname: string, state: string, activeAt: string): object => ({
  labels: { alertname, severity: 'warning', name: 'bankchurn' },
  annotations: { summary: 'bankchurn is slow' },
  state,
  activeAt,
  value: '1e+00',
});

let around: Server;
let url: string;
/** A Prometheus without pages, an API of XML, and a server that a person can look at. */
beforeAll(async () => {
  around = createServer(({ url: path = '' }, response) => {
    const say = (status: number, type: string, body: string): void => {
      response.writeHead(status, { 'content-type': type }).end(body);
    };
    if (path === '/ui') say(200, 'text/html; charset=utf-8', '<p>hello');
    else if (path === '/s3') say(403, 'application/xml', '<Error/>');
    else if (path === '/api/v1/alerts') {
      const data = { alerts: [alert('Slow', 'firing', new Date(Date.now() - 61_000).toISOString())] };
      say(200, 'application/json', JSON.stringify({ data }));
    } else if (path.includes('histogram_quantile'))
      say(200, 'application/json', JSON.stringify(vector('0.0123')));
    else if (path.includes('5..')) say(200, 'application/json', JSON.stringify(vector('NaN')));
    else if (path.startsWith('/api/')) say(200, 'application/json', JSON.stringify(vector('4.96')));
    else say(500, 'text/html', 'no assets');
  });
  await new Promise<void>((resolve) => around.listen(0, '127.0.0.1', resolve));
  const address = around.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
});
afterAll(() => void around.close());

async function text(prometheus: string): Promise<string> {
  const page = await startPage({
    servers: [
      { name: 'MLflow', url: `${url}/ui`, about: 'runs' },
      { name: 'Prometheus', url, about: 'API' },
      { name: 'MinIO', url: `${url}/s3`, about: 'keys' },
    ],
    models: new Map([['bankchurn', 'http://10.0.0.1']]),
    states: () => Promise.resolve([STATE]),
    readings: () => readPrometheus(prometheus),
  });
  try {
    return await (await fetch(page.url)).text();
  } finally {
    page.close();
  }
}

test('links what a person can open, and only says where the rest is', async () => {
  const page = await text(url);
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link = '']) => link);
  expect(links.filter((link) => link.startsWith(url))).toEqual([`${url}/ui`]);
  expect(page).toContain(`<code>${url}/s3</code>`);
});

test('shows the numbers of a model, and which alerts are raised for how long', async () => {
  const page = await text(url);
  const cells = [...page.matchAll(/<td class="number">([^<]*)<\/td>/g)].map(([, cell]) => cell);
  expect(cells).toEqual(['5.0', '12 ms', '–', expect.stringMatching(/^1 min [1-9] s$/)]);
  expect(page).toMatch(/Slow\s+<div class="message">bankchurn is slow<\/div>/);
  expect(page).toContain('<td class="firing">firing</td>');
});

test('shows the models where Prometheus does not answer', async () => {
  const page = await text(`${url}/nowhere`);
  expect(page).toContain('Revision 1 serves.');
  expect(page).toMatch(/Prometheus does not say: .*500/);
});

test('alerts that fire come before those that wait, the oldest first', () => {
  const raised = raisedAlerts({
    data: {
      alerts: [
        alert('waits', 'pending', '2026-01-01T00:00:00Z'),
        alert('new', 'firing', '2026-01-03T00:00:00Z'),
        alert('old', 'firing', '2026-01-02T00:00:00.123456789Z'),
      ],
    },
  });
  expect(raised.map((each) => each.alert)).toEqual(['old', 'new', 'waits']);
});

test('a number that there is none of is left out', () => {
  expect(valuesByName(vector('NaN'))).toEqual(new Map());
  expect(valuesByName(vector('0'))).toEqual(new Map([['bankchurn', 0]]));
});
