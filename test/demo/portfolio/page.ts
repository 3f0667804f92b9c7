import { createServer, type Server, type ServerResponse } from 'node:http';
import { html, raw } from 'hono/html';
import { summaryOf, type ModelState } from './state.ts';

export interface Link {
  readonly name: string;
  readonly url: string;
  readonly about: string;
}

export interface PageOptions {
  readonly servers: readonly Link[];
  /** ModelDeployment -> where it answers. */
  readonly models: ReadonlyMap<string, string>;
  readonly states: () => Promise<readonly ModelState[]>;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; color: #1d2733; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid #dde3ea; vertical-align: top }
th { font-weight: 600; color: #52606d } a { color: #0b5cad } .message { color: #52606d; font-size: .9rem }
@media (prefers-color-scheme: dark) { body { background: #12181f; color: #e3e9f0 } a { color: #7db8ff } th, .message { color: #9fb0c0 } th, td { border-color: #2a3641 } }
`;

/** A page of links to all that runs, with what each model is doing; it loads itself anew every few seconds. */
export async function startPage(options: PageOptions): Promise<{ readonly url: string; close(): void }> {
  const server: Server = createServer((_, response) => void answer(response, options));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() };
}

async function answer(response: ServerResponse, options: PageOptions): Promise<void> {
  try {
    const body = await page(options);
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(body);
  } catch (error) {
    response.writeHead(503, { 'content-type': 'text/plain; charset=utf-8' }).end(String(error));
  }
}

async function page({ servers, models, states }: PageOptions): Promise<string> {
  const rows = (await states()).map((state) => modelRow(state, models.get(state.name) ?? ''));
  const links = servers.map(
    ({ name, url, about }) =>
      html`<tr>
        <th scope="row"><a href="${url}">${name}</a></th>
        <td>${about}</td>
      </tr>`,
  );
  const document = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="5" />
        <title>Windlass portfolio</title>
        <style>
          ${raw(STYLE)}
        </style>
      </head>
      <body>
        <h1>Five models on Windlass</h1>
        <h2>Models</h2>
        <table>
          <thead>
            <tr>
              <th>Model</th>
              <th>State</th>
              <th>Version</th>
              <th>Pages</th>
            </tr>
          </thead>
          <tbody>
            ${rows}
          </tbody>
        </table>
        <h2>Around them</h2>
        <table>
          <tbody>
            ${links}
          </tbody>
        </table>
      </body>
    </html>`;
  return String(await document);
}

function modelRow(state: ModelState, address: string): unknown {
  const pages = [
    ['try it', '/'],
    ['API', '/docs'],
    ['drift', '/drift'],
    ['stats', '/stats'],
    ['metrics', '/metrics'],
  ].map(([name = '', path = '']) => html`<a href="${address}${path}">${name}</a> `);
  const { reason, message } = summaryOf(state);
  return html`<tr>
    <th scope="row">${state.name}</th>
    <td>
      ${reason}
      <div class="message">${message}</div>
    </td>
    <td>${state.version}</td>
    <td>${address === '' ? 'not reachable from here' : pages}</td>
  </tr>`;
}
