import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { DriftReport, FeatureReport, MeasuredReport } from '../report.ts';
import { html } from '#runtime/pages/html.ts';
import { driftPage as pageOf } from './index.ts';
import { percent } from './numbers.ts';
import { pictureRows } from './rows.ts';

const driftPage = (report: DriftReport) => pageOf(report, html`<header>leavers</header>`);

const feature = (fields: Partial<FeatureReport> = {}): FeatureReport => ({
  name: 'Age',
  role: 'input',
  kind: 'numeric',
  description: 'Age.',
  state: 'drifted',
  psi: 0.4321,
  limit: 0.2,
  chance: 0.05,
  samples: 1000,
  missing: { reference: 0, now: 0.1 },
  mergedCategories: 0,
  bins: [
    { bin: 'under', reference: 0, now: 0 },
    { bin: '18 to 40', reference: 500, now: 100 },
    { bin: '41 to 90', reference: 500, now: 800 },
    { bin: 'over', reference: 0, now: 0 },
    { bin: 'missing', reference: 0, now: 100 },
  ],
  ...fields,
});

const report = (fields: Partial<MeasuredReport> = {}): MeasuredReport => ({
  state: 'drifted',
  message: '1 of 1 feature has drifted (Age).',
  model: { name: 'leavers', version: '7', revision: 'local' },
  window: { seconds: 3600, since: '2026-01-02T03:04:05.000Z', rows: 1000, minSamples: 1000 },
  threshold: 0.2,
  referenceRows: 1000,
  features: [feature()],
  notCompared: [],
  ...fields,
});

describe('the page', () => {
  test('may use its own style and nothing else: what is sent is what the policy names', () => {
    const { html, headers } = driftPage(report());
    const [, style = ''] = /<style>([^]*?)<\/style>/.exec(html) ?? [];
    const digest = createHash('sha256').update(style).digest('base64');
    const policy = headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`style-src 'sha256-${digest}'`);
    expect(policy).not.toContain('unsafe');
    expect(html).not.toMatch(/<script|\sstyle=|\son\w+=|https?:|url\(|@import/i);
  });

  test('writes what a bundle says as text', () => {
    const evil = `"><img src=x onerror='1'>&`;
    const bins = [
      { bin: evil, reference: 1, now: 1 },
      { bin: 'other', reference: 0, now: 0 },
      { bin: 'missing', reference: 0, now: 0 },
    ];
    const { html } = driftPage(
      report({
        message: evil,
        model: { name: evil, version: evil, revision: evil },
        features: [feature({ name: evil, description: evil, kind: 'categorical', bins })],
        notCompared: [{ name: evil, reason: evil }],
      }),
    );
    expect(html).not.toContain('<img');
    expect(html.split('&lt;img src=x onerror=&#39;1&#39;&gt;&amp;').length).toBeGreaterThan(10);
  });

  test('says first what has drifted, and names each feature with its index, its limit and its missing share', () => {
    const { html } = driftPage(report());
    expect(html).toMatch(/<p class="statement drifted">1 of 1 feature has drifted \(Age\)\.<\/p>/);
    for (const text of ['0.432', '0.200', '10.0 %', 'drifted']) expect(html).toContain(text);
  });

  test('has a picture with a title and a description, and its numbers as a table', () => {
    const { html } = driftPage(report());
    expect(html).toMatch(/<svg[^>]*role="img"[^>]*aria-labelledby="feature-0-title feature-0-desc"/);
    expect(html).toMatch(/<title id="feature-0-title">Age: share of rows/);
    expect(html).toContain('&quot;18 to 40&quot;: 50.0 % of the training data, 10.0 % now.');
    expect(html).toMatch(/<summary>Numbers of Age<\/summary>[^]*<th scope="row">41 to 90<\/th>/);
    expect(html).not.toContain('<th scope="row">under</th>');
  });

  test('without a reference says what to do, and shows no pictures', () => {
    const { html } = driftPage({
      state: 'notAvailable',
      message: 'Drift is not available: write a reference.json.',
      model: { name: 'm', version: '1', revision: 'local' },
      features: [],
      notCompared: [],
    });
    expect(html).toContain('Drift is not available: write a reference.json.');
    expect(html).not.toContain('<svg');
  });

  test('before the first row has no index to show', () => {
    const bins = feature().bins.map(({ bin, reference }) => ({ bin, reference, now: 0 }));
    const empty = feature({ state: 'tooFewRows', psi: null, chance: null, samples: 0, bins });
    const { html } = driftPage(report({ state: 'tooFewRows', features: [empty] }));
    expect(html).toContain('none yet');
    expect(html).toContain('No rows yet.');
    expect(html).not.toContain('NaN');
  });

  test('of very many features draws the hundred that moved most, and lists all', () => {
    const features = Array.from({ length: 150 }, (_, i) => feature({ name: `f${i}` }));
    const { html } = driftPage(report({ features }));
    expect(html.match(/<svg/g)).toHaveLength(100);
    expect(html.match(/<th scope="row">[^<]*(<a [^>]*>)?f\d+/g)).toHaveLength(150);
    expect(html).toContain('The 50 features that moved least');
  });
});

describe('bars', () => {
  test('of many ranges are neighbours together, and lose no rows', () => {
    const ranges = Array.from({ length: 100 }, (_, i) => ({ bin: `${i} to ${i + 1}`, reference: 1, now: 2 }));
    const bins = [
      { bin: 'under', reference: 0, now: 100 },
      ...ranges,
      { bin: 'over', reference: 0, now: 0 },
      { bin: 'missing', reference: 100, now: 0 },
    ];
    const rows = pictureRows(feature({ bins }));
    expect(rows.map(({ label }) => label).slice(0, 2)).toEqual(['under', '0 to 5']);
    expect(rows.at(-1)).toMatchObject({ label: 'missing', reference: 0.5 });
    expect(rows.reduce((sum, { now }) => sum + now, 0)).toBeCloseTo(1);
  });

  test('of many categories are the greatest before or now', () => {
    const categories = Array.from({ length: 60 }, (_, i) => ({
      bin: `c${i}`,
      reference: 60 - i,
      now: i === 59 ? 900 : 1,
    }));
    const special = [
      { bin: 'other', reference: 0, now: 3 },
      { bin: 'missing', reference: 0, now: 0 },
    ];
    const rows = pictureRows(feature({ kind: 'categorical', bins: [...categories, ...special] }));
    const labels = rows.map(({ label }) => label);
    expect(labels).toHaveLength(26);
    expect(labels.slice(-3)).toEqual(['c59', '36 more', 'other']);
    expect(rows.reduce((sum, { reference }) => sum + reference, 0)).toBeCloseTo(1);
  });
});

test.each([
  [0, '0.0 %'],
  [0.0001, '< 0.1 %'],
  [0.1234, '12.3 %'],
])('a share of %d is %s', (share, text) => {
  expect(percent(share)).toBe(text);
});
