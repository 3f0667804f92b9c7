import type { Model } from '#runtime/model/load.ts';

/** What still reads as one command; and Linux takes no argument of more than 128 KiB. */
const LONGEST_BODY = 2_000;

/** What a person sees who started a server by hand: where it is, and a request to try. */
export function greeting({ manifest, example, pictures }: Model, host: string, port: number): string {
  const url = `http://${host === '0.0.0.0' || host === '::' ? 'localhost' : host}:${port}`;
  const body = JSON.stringify(example).replaceAll("'", String.raw`'\''`);
  const ask =
    pictures === undefined ? `-H 'content-type: application/json' -d '${body}'` : '-F file=@photo.jpg';
  const hint =
    ask.length > LONGEST_BODY
      ? 'A request of this model is too long for a command: its page sends one.'
      : `Try: curl -s ${url}/predict ${ask}`;
  return `${manifest.name} ${manifest.version} serves at ${url} (open it in a browser to try it; ${url}/docs, ${url}/metrics). ${hint}\n`;
}
