import type { Model } from '#runtime/model/load.ts';
import { renderPage, type Page } from './document.ts';
import { exampleRows, type ExampleRow } from './example-rows.ts';
import { fieldOf, initialValue, isWhole, type FormField } from './fields.ts';
import { formFields } from './form.ts';
import { html, type Html } from './html.ts';
import { answerMeaning, bandRange, type AnswerMeaning } from './meaning.ts';
import { pageHeader } from './navigation.ts';

/** The page to try the model by hand: a form from model.json, and the answer beside it. */
export function tryPage(model: Model, revision: string): Page {
  const { manifest, name } = model;
  const meaning = answerMeaning(manifest);
  const fields = manifest.inputs.map((input) => fieldOf(input, model));
  const rows = goldenRows(model);
  const body = html`${pageHeader(model, revision, '/')}
    <main id="main" class="try">
      ${manifest.description !== undefined && html`<p class="lead">${manifest.description}</p>`}
      <form id="form" novalidate aria-label="A request to ${name}">
        <div class="section-head">
          <h2>Request</h2>
          ${rows.length > 0 && fillWith(rows.length)}
        </div>
        <noscript
          ><p class="notice">
            This form needs JavaScript. Without it, send the request with any HTTP client: the page
            <a href="docs">API</a> shows how.
          </p></noscript
        >
        <div class="fields">${formFields(model)}</div>
        <div class="submit">
          <button type="submit">Predict</button>
          <p id="problem" class="error" role="alert"></p>
        </div>
      </form>
      <section id="result" aria-labelledby="answer-title">
        <div class="section-head">
          <h2 id="answer-title">Answer</h2>
          <p id="timing" class="timing"></p>
        </div>
        <div id="answer" class="answer" role="status"><p class="empty">Nothing has been asked yet.</p></div>
        ${howItDecides(meaning)}
        <details id="json-box" open hidden>
          <summary>The whole answer</summary>
          <pre id="json" tabindex="0" role="group" aria-label="The whole answer as JSON"></pre>
        </details>
        <div class="code">
          <div class="code-head">
            <h3>The same with curl</h3>
            <button type="button" class="quiet" data-copy="curl">Copy</button>
          </div>
          <pre id="curl" tabindex="0" role="group" aria-label="The request as a curl command"></pre>
          <p id="curl-note" class="hint" hidden></p>
        </div>
      </section>
    </main>`;
  return renderPage({
    title: `Try ${name}`,
    body,
    styles: ['form.css', 'answer.css'],
    scripts: ['shared.js', 'answer.js', 'picture.js', 'form.js', 'try.js'],
    data: {
      fields: manifest.inputs.map((input, index) => ({
        name: input.name,
        required: input.required,
        whole: isWhole(input),
        ...fields[index],
        initial: shownValue(initialValue(input, model), fields[index]),
      })),
      rows: rows.map(({ input: row }) =>
        manifest.inputs.map(({ name }, index) =>
          shownValue(Object.hasOwn(row, name) ? row[name] : undefined, fields[index]),
        ),
      ),
      meaning,
    },
  });
}

/** A made up row is what the form shows at first. */
function goldenRows(model: Model): readonly ExampleRow[] {
  return exampleRows(model).filter(({ output }) => output !== undefined);
}

function fillWith(count: number): Html {
  const numbers = Array.from({ length: count }, (_, index) => index);
  return html`<label class="fill"
    >Fill with
    <select id="fill">
      <option value="initial">the defaults</option>
      ${numbers.map((index) => html`<option value="${index}">example ${index + 1}</option>`)}
    </select></label
  >`;
}

/** Tensors too long for the page are made where they are sent. */
function shownValue(value: unknown, field: FormField | undefined): unknown {
  return field?.kind === 'json' && field.filler !== undefined ? null : (value ?? null);
}

/** Before the first answer a person may already see where one band ends and the next begins. */
function howItDecides({ bands, threshold, labels, task }: AnswerMeaning): Html | undefined {
  if (bands.length === 0 && threshold === undefined) return undefined;
  const positive = labels[1];
  return html`<div class="decides">
    <h3>What decides</h3>
    ${
      bands.length > 0 &&
      html`<table>
        <thead>
          <tr>
            <th scope="col">${task === 'regression' ? 'Value' : 'Probability'}</th>
            <th scope="col">Band</th>
          </tr>
        </thead>
        <tbody>
          ${bands.map(
            ({ label }, index) =>
              html`<tr data-band="${index}">
                <td>${bandRange(bands, index)}</td>
                <th scope="row">${label}</th>
              </tr>`,
          )}
        </tbody>
      </table>`
    }
    ${threshold !== undefined && html`<p class="hint">The prediction is ${positive === undefined ? '1' : html`“${positive}”`} from a probability of ${threshold} on.</p>`}
  </div>`;
}
