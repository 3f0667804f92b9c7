/** Signs of the tree, the bar and the marks, in ASCII of the same width. */
const ASCII: Readonly<Record<string, string>> = {
  '│': '|',
  '├': '|',
  '└': '`',
  '─': '-',
  '█': '#',
  '░': '.',
  '✓': '+',
  '✗': 'x',
  '…': '~',
  '→': '>',
  '·': '-',
  '’': "'",
};
const KNOWN = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g');

/** Makes a text of signs that the terminal has, or leaves it as it is. */
export type Signs = (text: string) => string;

export const allSigns: Signs = (text) => text;
export const asciiSigns: Signs = (text) => text.replaceAll(KNOWN, (sign) => ASCII[sign] ?? sign);

/** ASCII where the locale names another character set than UTF-8, or the terminal is dumb; a locale that says nothing gets all. */
export function signsFor(env: NodeJS.ProcessEnv): Signs {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '');
  const utf8 = locale === undefined || /utf-?8/i.test(locale);
  return utf8 && env['TERM'] !== 'dumb' ? allSigns : asciiSigns;
}
