import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { listen } from '#runtime/http/front.ts';
import { Folder, startServer } from '#runtime/testing.ts';
import { colourBundle, plain, png } from './test-pictures.ts';
import { form, send } from './test-requests.ts';

const BLUE = png(plain(30, 20, [0, 0, 255]));

test('a picture is passed on to the stable revision as it came, and answered here when that is gone', async () => {
  await using folder = await Folder.create(colourBundle());
  const seen: { readonly type: string | undefined; readonly body: Buffer }[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    seen.push({ type: request.headers['content-type'], body: await buffer(request) });
    response.setHeader('x-windlass-revision', 'colours-new').end('{"prediction":"Teal"}');
  };
  const stable = createServer((request, response) => void answer(request, response));
  const port = await listen(stable, 0, '127.0.0.1');
  const traffic = {
    formatVersion: 1,
    generation: 1,
    stable: { revision: 'colours-new', number: 2, url: `http://127.0.0.1:${port}` },
  };
  const trafficFile = await folder.write('traffic/traffic.json', JSON.stringify(traffic));
  const server = await startServer(folder.path, { revision: 'colours-old', trafficFile });

  const sent = form([BLUE, 'image/png']);
  const first = await send(server, '/predict', sent);
  expect(first.body['prediction']).toBe('Teal');
  expect(first.headers.get('x-windlass-revision')).toBe('colours-new');
  expect((await send(server, '/predict', BLUE, { 'content-type': 'image/png' })).body['prediction']).toBe(
    'Teal',
  );
  expect(seen[0]?.type).toMatch(/^multipart\/form-data; boundary=/);
  expect(seen[0]?.body.includes(BLUE)).toBe(true);
  expect(seen[1]).toEqual({ type: 'image/png', body: BLUE });

  stable.close();
  stable.closeAllConnections();
  const own = await send(server, '/predict', form([BLUE]));
  await server.stop();
  expect([own.status, own.body['prediction']]).toEqual([200, 'Blue']);
  expect(own.headers.get('x-windlass-revision')).toBe('colours-old');
});
