import type { Model } from '#runtime/model/load.ts';
import type { Page } from './document.ts';
import { docsPage, type Ask } from './docs-page.ts';
import { tryPage } from './try-page.ts';
import { waitingPage } from './waiting-page.ts';

// The pages for people: `/` to try the model, `/docs` for its API. Imported when somebody first asks for one.

export type { Ask } from './docs-page.ts';
export type { Page } from './document.ts';

/** A model does not change while it serves, so each of its pages is made once. */
const made = new WeakMap<Model, Map<string, Promise<Page>>>();

export interface PageRequest {
  readonly path: '/' | '/docs';
  /** undefined while it loads. */
  readonly model: Model | undefined;
  readonly revision: string;
  /** What a GET of this server answers, for the examples of /docs. */
  readonly ask: Ask;
}

export function pageFor({ path, model, revision, ask }: PageRequest): Promise<Page> {
  if (model === undefined) return Promise.resolve(waitingPage(revision));
  const pages = made.get(model) ?? new Map<string, Promise<Page>>();
  made.set(model, pages);
  const known = pages.get(path);
  if (known !== undefined) return known;
  const page = path === '/' ? Promise.resolve(tryPage(model, revision)) : docsPage(model, revision, ask);
  pages.set(path, page);
  page.catch(() => pages.delete(path));
  return page;
}
