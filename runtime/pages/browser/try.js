import { decidedBand, describeAnswer } from './answer.js';
import {
  clearErrors,
  fields,
  fill,
  followFields,
  meaning,
  problemsOf,
  readForm,
  rows,
  showProblems,
} from './form.js';
import { curlCommand, element, enableCopying, filePost, jsonPost, serverUrl } from './shared.js';

/** A longer request is not written into a command, but saved as a file for it. */
const MAX_CURL_BODY = 20_000;
const byId = (id) => document.getElementById(id);

const takesPicture = fields.some(({ kind }) => kind === 'picture');

function pictureForm(picture) {
  const form = new FormData();
  form.set('file', picture);
  return form;
}

function showCurl() {
  const { body, picture } = readForm();
  const note = byId('curl-note');
  if (takesPicture) {
    note.hidden = false;
    note.textContent = 'Run it in the folder where the picture is.';
    byId('curl').textContent = filePost('predict', [picture?.name ?? 'photo.jpg']);
    return;
  }
  const long = body.length > MAX_CURL_BODY;
  note.hidden = !long;
  if (long) {
    const link = element('a', { href: '#', download: 'request.json' }, 'request.json');
    link.addEventListener('click', () => {
      const url = URL.createObjectURL(new Blob([body], { type: 'application/json' }));
      link.href = url;
      setTimeout(() => URL.revokeObjectURL(url), 10_000);
    });
    note.replaceChildren('The request is long: save ', link, ' first.');
  }
  byId('curl').textContent = long
    ? curlCommand(serverUrl('predict'), [
        ['-H', 'content-type: application/json'],
        ['--data-binary', '@request.json'],
      ])
    : jsonPost('predict', body);
}

function summaryOf(status, answer, problems) {
  const text = typeof answer?.detail === 'string' ? answer.detail : answer?.error;
  const count = problems.filter(({ index }) => index >= 0).length;
  if (count > 0) return `${count === 1 ? 'One field needs' : `${count} fields need`} another value.`;
  return `The server answered ${status}${typeof text === 'string' ? `: ${text}` : ''}.`;
}

let latest = 0;

async function send() {
  const ticket = ++latest;
  clearErrors();
  const { body, picture, problems } = readForm();
  if (problems.length > 0) return showProblems('The request cannot be sent yet.', problems);
  byId('form').setAttribute('aria-busy', 'true');
  const startedAt = performance.now();
  try {
    const response = await fetch('predict', {
      method: 'POST',
      ...(takesPicture
        ? { body: pictureForm(picture) }
        : { headers: { 'content-type': 'application/json' }, body }),
    });
    const text = await response.text();
    if (ticket !== latest) return undefined;
    show(response, text, performance.now() - startedAt);
  } catch (error) {
    if (ticket === latest) {
      showProblems(
        `The server could not be reached: ${error.message}. Is it, or its port-forward, still there?`,
        [],
      );
    }
  } finally {
    if (ticket === latest) byId('form').removeAttribute('aria-busy');
  }
}

function show(response, text, milliseconds) {
  const answer = parsed(text);
  byId('timing').replaceChildren(
    element(
      'span',
      {},
      `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms round trip`,
    ),
    element('span', {}, `answered by revision ${response.headers.get('x-windlass-revision') ?? 'unknown'}`),
  );
  byId('json').textContent = answer === undefined ? text : indented(text);
  byId('json-box').hidden = false;
  if (!response.ok || answer === undefined) {
    byId('answer').replaceChildren(
      element('p', { class: 'empty' }, `No prediction: the server answered ${response.status}.`),
    );
    markBand(-1);
    const problems = problemsOf(answer);
    return showProblems(summaryOf(response.status, answer, problems), problems);
  }
  byId('answer').replaceChildren(...describeAnswer(answer, meaning));
  markBand(decidedBand(answer, meaning));
  if (byId('result').getBoundingClientRect().top > innerHeight * 0.8) {
    byId('result').scrollIntoView({ block: 'start' });
  }
}

function markBand(decided) {
  for (const row of document.querySelectorAll('[data-band]')) {
    row.classList.toggle('here', Number(row.dataset.band) === decided);
  }
}

/** Whole numbers beyond 2^53 become BigInts where the browser can tell: a number would be another one. */
function parsed(text) {
  const keep = (_, value, context) =>
    Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source ?? '')
      ? BigInt(context.source)
      : value;
  try {
    return JSON.parse(text, keep);
  } catch {
    return undefined;
  }
}

/** Numbers stay as they were sent where the browser can keep them: 64-bit ones are longer than its own. */
function indented(text) {
  const keep = (_, value, context) =>
    typeof value === 'number' && context?.source !== undefined && JSON.rawJSON !== undefined
      ? JSON.rawJSON(context.source)
      : value;
  return JSON.stringify(JSON.parse(text, keep), null, 2);
}

followFields(showCurl);
byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  void send();
});
byId('form').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
});
byId('fill')?.addEventListener('change', (event) => {
  const { value } = event.target;
  fill(value === 'initial' ? fields.map(({ initial }) => initial) : rows[Number(value)]);
  showCurl();
});
enableCopying();
showCurl();
