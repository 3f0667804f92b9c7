import type { Context } from 'hono';
import type { ServiceState } from '#runtime/state.ts';

/** A page for people, as HTML; 304 where the browser has it already, 503 while no model serves. */
export async function answerPage(
  c: Context,
  path: '/' | '/docs',
  state: ServiceState,
  ask: (path: string) => Promise<Response>,
): Promise<Response> {
  // Most pods are never looked at: what makes pages is loaded when somebody does.
  const { pageFor } = await import('#runtime/pages/index.ts');
  const { model, revisionName: revision } = state;
  const { html, etag, headers } = await pageFor({ path, model, revision, ask });
  if (model === undefined) return c.body(html, 503, { ...headers, 'retry-after': '1' });
  if (matches(c.req.header('if-none-match'), etag)) return c.body(null, 304, { ...headers, etag });
  return c.body(html, 200, { ...headers, etag, 'content-length': String(Buffer.byteLength(html)) });
}

function matches(condition: string | undefined, etag: string): boolean {
  if (condition === undefined) return false;
  const tags = new Set(condition.split(',').map((tag) => tag.trim().replace(/^W\//, '')));
  return tags.has('*') || tags.has(etag);
}
