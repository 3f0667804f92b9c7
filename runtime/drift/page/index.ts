import type { DriftReport, FeatureReport, MeasuredReport } from '../report.ts';
import { duration } from '../report.ts';
import { securityHeaders } from '#runtime/pages/document.ts';
import { html, Html } from '#runtime/pages/html.ts';
import { count, index, percent } from './numbers.ts';
import { picture } from './picture.ts';
import { filledBins } from './rows.ts';
import { STYLE } from './style.ts';

export interface DriftPage {
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Pictures are drawn of so many features; the table has all of them. */
const MAX_PICTURES = 100;

/** Apart from the template: not a space may come between what is hashed and what is sent. */
const STYLE_ELEMENT = new Html(`<style>${STYLE}</style>`);

/** The report for people, under the header of all pages: what has drifted, how far, and a picture of each feature. */
export function driftPage(report: DriftReport, header: Html): DriftPage {
  const { model } = report;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Drift of ${model.name}: ${report.message}</title>
        <link rel="icon" href="data:," />
        ${STYLE_ELEMENT}
      </head>
      <body>
        ${header}
        <main id="main">
          <h2>Drift</h2>
          <p class="statement ${report.state}">${report.message}</p>
          ${report.state !== 'notAvailable' && measured(report)}
          ${report.notCompared.length > 0 && notCompared(report)}
        </main>
      </body>
    </html> `.text;
  // What has drifted changes from look to look.
  return { html: page, headers: { ...securityHeaders(STYLE, ''), 'cache-control': 'no-store' } };
}

function measured(report: MeasuredReport): Html {
  const { window, threshold, referenceRows, features } = report;
  const pictured = features.slice(0, MAX_PICTURES);
  return html`<p class="lead">
      ${count(window.rows)} rows of the last ${duration(window.seconds)} (since
      <time datetime="${window.since}">${window.since.slice(0, 19).replace('T', ' ')} UTC</time>), against
      ${count(referenceRows)} rows of training data. A feature has drifted when its population stability index
      (PSI) is above ${threshold} and above what chance explains for so many rows. Nothing is judged below
      ${count(window.minSamples)} rows. <a href="?format=json">The same as JSON</a>
    </p>
    <h3 id="overview">All features, the one that moved farthest first</h3>
    <div class="scroll" role="region" aria-labelledby="overview" tabindex="0">
      <table class="overview">
        <thead>
          <tr>
            <th scope="col">Feature</th>
            <th scope="col">Verdict</th>
            <th scope="col" class="number">PSI</th>
            <th scope="col" class="number">Drifted above</th>
            <th scope="col" class="number">Missing in training</th>
            <th scope="col" class="number">Missing now</th>
            <th scope="col" class="number">Rows</th>
          </tr>
        </thead>
        <tbody>
          ${features.map((feature, i) => overviewRow(feature, i < pictured.length ? `#feature-${i}` : undefined))}
        </tbody>
      </table>
    </div>
    <h3>Pictures</h3>
    <p class="legend">
      <span><i class="key before"></i>training data</span><span><i class="key now"></i>now</span
      ><span><i class="key moved"></i>now, of what has drifted</span>
    </p>
    <div class="cards">${pictured.map((feature, i) => card(feature, `feature-${i}`))}</div>
    ${pictured.length < features.length && html`<p>The ${features.length - pictured.length} features that moved least are in the table alone.</p>`}`;
}

function overviewRow(feature: FeatureReport, link: string | undefined): Html {
  const { name, state, psi, limit, missing, samples } = feature;
  return html`<tr>
    <th scope="row">
      ${link === undefined ? name : html`<a href="${link}">${name}</a>`}${feature.role === 'prediction' && html` <span class="soft">(answer)</span>`}
    </th>
    <td>${verdict(state)}</td>
    <td class="number">${index(psi)}</td>
    <td class="number">${limit.toFixed(3)}</td>
    <td class="number">${percent(missing.reference)}</td>
    <td class="number">${samples === 0 ? 'no rows' : percent(missing.now)}</td>
    <td class="number">${count(samples)}</td>
  </tr>`;
}

const VERDICTS = {
  drifted: { text: 'drifted', sign: '▲' },
  steady: { text: 'steady', sign: '✓' },
  tooFewRows: { text: 'too few rows', sign: '…' },
} as const;

function verdict(state: FeatureReport['state']): Html {
  const { text, sign } = VERDICTS[state];
  return html`<span class="verdict ${state}"><span aria-hidden="true">${sign}</span> ${text}</span>`;
}

function card(feature: FeatureReport, id: string): Html {
  const { name, description, state, psi, limit, chance, missing, samples, mergedCategories, role } = feature;
  return html`<section class="card ${state}" id="${id}" aria-labelledby="${id}-name">
    <h4 id="${id}-name">${name}${role === 'prediction' && html` <span class="soft">(answer)</span>`}</h4>
    ${description !== null && html`<p class="soft">${description}</p>`}
    <p class="facts">
      ${verdict(state)}<span>PSI <strong>${index(psi)}</strong></span
      ><span>drifted above ${limit.toFixed(3)}${chance === limit && ' (chance)'}</span
      >${missing.reference + missing.now > 0 && html`<span>missing ${percent(missing.reference)} → ${samples === 0 ? 'no rows' : percent(missing.now)}</span>`}
    </p>
    ${picture(feature, id)}
    <details>
      <summary>Numbers of ${name}</summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Bin</th>
            <th scope="col" class="number">Training rows</th>
            <th scope="col" class="number">Rows now</th>
          </tr>
        </thead>
        <tbody>
          ${filledBins(feature).map(
            ({ bin, reference, now }) =>
              html`<tr>
                <th scope="row">${bin}</th>
                <td class="number">${count(reference)}</td>
                <td class="number">${count(now)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
      ${mergedCategories > 0 && html`<p class="soft">${mergedCategories} of these categories have fewer than 5 rows expected in the window: the index counts them as "other".</p>`}
    </details>
  </section>`;
}

function notCompared({ notCompared: list }: DriftReport): Html {
  return html`<h3>Not compared</h3>
    <dl class="reasons">
      ${list.map(
        ({ name, reason }) =>
          html`<dt>${name}</dt>
            <dd>${reason}</dd>`,
      )}
    </dl>`;
}
