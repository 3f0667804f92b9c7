import { renderPage, type Page } from './document.ts';
import { html } from './html.ts';

/** For a person who comes before the model has loaded: it looks again by itself. */
export function waitingPage(revision: string): Page {
  return renderPage({
    title: 'The model is loading',
    refreshSeconds: 3,
    styles: [],
    scripts: [],
    body: html`<header class="top">
        <div class="identity">
          <p class="product">Windlass</p>
          <h1>The model is loading</h1>
          <p class="facts"><span>revision ${revision}</span></p>
        </div>
      </header>
      <main id="main">
        <p class="lead">
          It serves once it has loaded and has given its golden answers. This page looks again every 3
          seconds; the pod’s log says how far it is.
        </p>
      </main>`,
  });
}
