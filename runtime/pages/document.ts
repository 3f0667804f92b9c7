import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { html, Html, jsonData, type Content } from './html.ts';

/** A page as it is sent. */
export interface Page {
  readonly html: string;
  readonly etag: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface PageContent {
  readonly title: string;
  readonly body: Content;
  /** Files in browser/, beside page.css. */
  readonly styles: readonly string[];
  /** Files in browser/, in the order in which they need each other. */
  readonly scripts: readonly string[];
  /** What the scripts read, as JSON. */
  readonly data?: unknown;
  /** Looks again after so many seconds. */
  readonly refreshSeconds?: number;
}

/** A whole page: its style and script are in it, and nothing else may run or be loaded. */
export function renderPage({ title, body, styles, scripts, data, refreshSeconds }: PageContent): Page {
  const style = ['page.css', ...styles].map(browserFile).join('\n');
  const script = scripts.map((name) => withoutModuleSyntax(browserFile(name))).join('\n');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        ${refreshSeconds !== undefined && html`<meta http-equiv="refresh" content="${refreshSeconds}" />`}
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${inline('style', style)}
      </head>
      <body>
        ${body}
        ${
          data !== undefined &&
          html`<script type="application/json" id="page-data">
            ${jsonData(data)}
          </script>`
        }
        ${script !== '' && inline('script', script, ' type="module"')}
      </body>
    </html> `.text;
  return {
    html: page,
    etag: `"${createHash('sha256').update(page).digest('base64url').slice(0, 27)}"`,
    headers: securityHeaders(style, script),
  };
}

/** Not a template, whose formatting would add to what is hashed. */
function inline(tag: 'style' | 'script', text: string, attributes = ''): Html {
  return new Html(`<${tag}${attributes}>${text}</${tag}>`);
}

/** The headers of a page that may have this style and this script, and nothing else. */
export function securityHeaders(style: string, script: string): Readonly<Record<string, string>> {
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    script === '' ? "script-src 'none'" : `script-src '${hashOf(script)}'`,
    "connect-src 'self'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
    'img-src data: blob:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cache-control': 'no-cache',
  };
}

function hashOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** Beside the sources, and beside the bundle's chunks, where build.ts copies it. */
function browserFile(name: string): string {
  return readFileSync(new URL(`browser/${name}`, import.meta.url), 'utf8').trim();
}

/** The files of browser/ are modules of their own for editors and tests; in a page they are one. */
function withoutModuleSyntax(source: string): string {
  return source.replaceAll(/^import [^;]*;\n/gm, '').replaceAll(/^export /gm, '');
}
