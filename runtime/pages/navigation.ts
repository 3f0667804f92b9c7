import { matchRoute } from '#runtime/http/routes.ts';
import type { Model } from '#runtime/model/load.ts';
import { html, type Html } from './html.ts';

/** Relative, so that they hold behind a path prefix too. */
const LINKS = [
  { path: '/', href: './', text: 'Try it' },
  { path: '/docs', href: 'docs', text: 'API' },
  { path: '/drift', href: 'drift', text: 'Drift' },
  { path: '/metrics', href: 'metrics', text: 'Metrics' },
  { path: '/model/info', href: 'model/info', text: 'Model' },
] as const;

/** The head of every page: what model this is, and the way to the other pages. */
export function pageHeader(model: Model, revision: string, current: '/' | '/docs' | '/drift'): Html {
  const { manifest, name } = model;
  const links = LINKS.filter(({ path }) => matchRoute(path) !== undefined);
  return html`<a class="skip" href="#main">Skip to the content</a>
    <header class="top">
      <div class="identity">
        <p class="product">Windlass</p>
        <h1>${name}</h1>
        <p class="facts">
          <span>version ${manifest.version}</span><span>revision ${revision}</span
          ><span>${manifest.task.replaceAll('-', ' ')}</span>
        </p>
      </div>
      <nav aria-label="Pages">
        ${links.map(({ path, href, text }) =>
          path === current
            ? html`<a href="${href}" aria-current="page">${text}</a>`
            : html`<a href="${href}">${text}</a>`,
        )}
      </nav>
    </header>`;
}
