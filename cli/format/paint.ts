import { styleText } from 'node:util';

export type Tone = 'good' | 'bad' | 'wait' | 'dim' | 'strong' | 'plain';
/** Colours a text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

export const noPaint: Paint = (_tone, text) => text;

const STYLES = { good: 'green', bad: 'red', wait: 'yellow', dim: 'dim', strong: 'bold' } as const;

/** Colours on a terminal, unless NO_COLOR says otherwise (https://no-color.org). */
export function paintFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): Paint {
  if (stream.isTTY !== true || (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb') return noPaint;
  return (tone, text) => (tone === 'plain' ? text : styleText(STYLES[tone], text, { validateStream: false }));
}
