import { html, raw } from 'hono/html';
import { duration } from '#test/support/duration.ts';
import type { Numbers, RaisedAlert, Readings } from './readings.ts';
import { summaryOf, type ModelState } from './state.ts';

/** Something that runs beside the models. */
export interface Server {
  readonly name: string;
  readonly url: string;
  readonly about: string;
  /** Whether a person sees a page at `url`. */
  readonly opens: boolean;
}

export interface Shown {
  readonly servers: readonly Server[];
  /** ModelDeployment -> where it answers. */
  readonly models: ReadonlyMap<string, string>;
  readonly states: readonly ModelState[];
  /** Or why there are none. */
  readonly readings: Readings | string;
  readonly at: Date;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1d2733; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid #dde3ea; vertical-align: top }
thead th, .message { color: #52606d } th { font-weight: 600 } a { color: #0b5cad } .message { font-size: .9rem; font-weight: 400 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums } .firing { color: #a61b1b; font-weight: 600 } code { overflow-wrap: anywhere }
@media (prefers-color-scheme: dark) { body { background: #12181f; color: #e3e9f0 } a { color: #7db8ff } thead th, .message { color: #9fb0c0 } .firing { color: #ff9b9b } th, td { border-color: #2a3641 } }
`;

/** The page: it loads itself anew every few seconds. */
export async function documentOf({ servers, models, states, readings, at }: Shown): Promise<string> {
  const numbers = typeof readings === 'string' ? new Map<string, Numbers>() : readings.models;
  const rows = states.map((state) => modelRow(state, models.get(state.name) ?? '', numbers.get(state.name)));
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
        <main>
          <h1>Five models on Windlass</h1>
          <h2>Models</h2>
          <table>
            <thead>
              <tr>
                <th scope="col">Model</th>
                <th scope="col">State</th>
                <th scope="col">Version</th>
                <th scope="col" class="number">Requests/s</th>
                <th scope="col" class="number">p95</th>
                <th scope="col" class="number">Errors</th>
                <th scope="col">Pages</th>
              </tr>
            </thead>
            <tbody>
              ${rows}
            </tbody>
          </table>
          <p class="message">Requests, p95 and errors (5xx) are of the last minute.</p>
          <h2>Alerts</h2>
          ${
            typeof readings === 'string'
              ? html`<p>Prometheus does not say: ${readings}</p>`
              : alertTable(readings.alerts, at)
          }
          <h2>Around them</h2>
          <table>
            <tbody>
              ${servers.map(serverRow)}
            </tbody>
          </table>
        </main>
      </body>
    </html>`;
  return String(await document);
}

function modelRow(state: ModelState, address: string, numbers: Numbers | undefined): unknown {
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
    <td class="number">${shown(numbers?.requestsPerSecond, (value) => value.toFixed(1))}</td>
    <td class="number">${shown(numbers?.p95Seconds, (value) => `${(value * 1000).toFixed(0)} ms`)}</td>
    <td class="number">${shown(numbers?.errors, (value) => `${(value * 100).toFixed(1)} %`)}</td>
    <td>${address === '' ? 'not reachable from here' : pages}</td>
  </tr>`;
}

function shown(value: number | undefined, text: (value: number) => string): string {
  return value === undefined ? '–' : text(value);
}

function alertTable(alerts: readonly RaisedAlert[], at: Date): unknown {
  if (alerts.length === 0) return html`<p>None fires, and none is pending.</p>`;
  const rows = alerts.map(
    ({ alert, state, model, severity, since, summary }) =>
      html`<tr>
        <th scope="row">
          ${alert}
          <div class="message">${summary}</div>
        </th>
        <td class="${state}">${state}</td>
        <td>${severity}</td>
        <td>${model === '' ? '–' : model}</td>
        <td class="number">${age(since, at)}</td>
      </tr>`,
  );
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Alert</th>
        <th scope="col">State</th>
        <th scope="col">Severity</th>
        <th scope="col">Model</th>
        <th scope="col" class="number">For</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function age(since: Date, at: Date): string {
  return duration(Math.max(0, Math.round((at.getTime() - since.getTime()) / 1000)));
}

function serverRow({ name, url, about, opens }: Server): unknown {
  return html`<tr>
    <th scope="row">${opens ? html`<a href="${url}">${name}</a>` : name}</th>
    <td>
      ${opens ? '' : html`<code>${url}</code>`}
      <div class="message">${about}</div>
    </td>
  </tr>`;
}
