import { request as plain } from 'node:http';
import { request as secure } from 'node:https';

export interface Probe {
  readonly url: string;
  readonly ca?: string;
  readonly token?: string;
}

/** The status code of a GET, or undefined when nothing answers within 2 s. */
export function statusOf(probe: Probe): Promise<number | undefined> {
  const request = probe.url.startsWith('https:') ? secure : plain;
  return new Promise((resolve) => {
    const headers = probe.token === undefined ? {} : { authorization: `Bearer ${probe.token}` };
    const options = { ca: probe.ca, headers, timeout: 2000, agent: false };
    const call = request(probe.url, options, (response) => {
      response.resume();
      response.once('close', () => resolve(response.statusCode));
    });
    call.once('timeout', () => call.destroy());
    call.once('error', () => resolve(undefined));
    call.end();
  });
}
