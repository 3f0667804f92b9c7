import type { Context } from 'hono';
import { accepts } from 'hono/accepts';
import { driftReport } from '#runtime/drift/index.ts';
import type { Model } from '#runtime/model/load.ts';
import { JSON_TYPE } from './respond.ts';

/** Drift as JSON for machines, as a page for browsers; `?format=json` or `html` settles it. */
export async function answerDrift(c: Context, model: Model, revision: string): Promise<Response> {
  const { name, manifest } = model;
  const report = driftReport(model.drift, { name, version: manifest.version, revision });
  c.header('vary', 'accept');
  c.header('cache-control', 'no-store');
  const type = accepts(c, { header: 'Accept', supports: [JSON_TYPE, 'text/html'], default: JSON_TYPE });
  const format = c.req.query('format') ?? (type === 'text/html' ? 'html' : 'json');
  if (format !== 'html') return c.json(report);
  // Most pods are never looked at: what makes pages is loaded when somebody does.
  const { driftPage } = await import('#runtime/drift/page/index.ts');
  const { pageHeader } = await import('#runtime/pages/navigation.ts');
  const { html, headers } = driftPage(report, pageHeader(model, revision, '/drift'));
  return c.body(html, 200, { ...headers });
}
