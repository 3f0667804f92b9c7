import type { Model } from '#runtime/model/load.ts';

/** What a person sees who started a server by hand: where it is, and a request to try. */
export function greeting({ manifest, example, pictures }: Model, host: string, port: number): string {
  const url = `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
  const body = JSON.stringify(example).replaceAll("'", String.raw`'\''`);
  const ask =
    pictures === undefined ? `-H 'content-type: application/json' -d '${body}'` : '-F file=@photo.jpg';
  return `${manifest.name} ${manifest.version} serves at ${url} (open it in a browser to try it; ${url}/docs, ${url}/metrics). Try: curl -s ${url}/predict ${ask}\n`;
}
