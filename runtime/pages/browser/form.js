import { takeDrops } from './picture.js';
import { pageData } from './shared.js';

export const { fields, rows, meaning } = pageData();
const form = document.getElementById('form');
const boxes = [...form.querySelectorAll('[data-field]')];
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** The element that holds a field's value. */
function control(index) {
  const box = boxes[index];
  return (
    box.querySelector('input[type=radio]:checked') ??
    box.querySelector('input:not([type=range]), select, textarea')
  );
}

/** A field's value as JSON: {json}, {} where it is left out, or {problem}. What fits the model, the server decides. */
function valueOf(field, index) {
  const holder = control(index);
  if (field.kind === 'picture') return pictureOf(holder);
  if (field.kind === 'choice') {
    const json = holder.type === 'radio' && !holder.checked ? '' : holder.value;
    return json === '' ? {} : { json };
  }
  const text = field.kind === 'text' ? holder.value : holder.value.trim();
  if (field.kind === 'text') return text === '' && !field.required ? {} : { json: JSON.stringify(text) };
  if (text === '')
    return field.filler === undefined ? {} : { json: JSON.stringify(filled(field.shape, field.filler)) };
  if (field.kind === 'json') return jsonValue(text);
  if (JSON_NUMBER.test(text)) return { json: text };
  return { json: NUMBER.test(text) ? String(Number(text)) : JSON.stringify(text) };
}

function pictureOf({ files: [picture] }) {
  return picture === undefined ? { problem: 'is required; choose a picture first' } : { picture };
}

function jsonValue(text) {
  try {
    JSON.parse(text);
    return { json: text };
  } catch (error) {
    return { problem: `is not JSON: ${error.message}` };
  }
}

function filled([size, ...inner], value) {
  return size === undefined ? value : Array.from({ length: size }, () => filled(inner, value));
}

/**
 * The request's body, a picture where the model takes one, and what keeps it from being sent. Names are written as JSON,
 * whatever they are.
 */
export function readForm() {
  const values = fields.map(valueOf);
  const members = values.flatMap(({ json }, index) =>
    json === undefined ? [] : [`${JSON.stringify(fields[index].name)}: ${json}`],
  );
  const problems = values.flatMap(({ problem }, index) =>
    problem === undefined ? [] : [{ index, message: problem }],
  );
  const picture = values.find((value) => value.picture !== undefined)?.picture;
  return { body: `{${members.join(', ')}}`, picture, problems };
}

/** Writes a value into each field; null leaves it empty. */
export function fill(values) {
  for (const [index, field] of fields.entries()) {
    if (field.kind === 'picture') continue;
    const value = values[index];
    const box = boxes[index];
    if (field.kind === 'choice') {
      const json = value === null ? '' : JSON.stringify(value);
      const radio = [...box.querySelectorAll('input[type=radio]')].find((each) => each.value === json);
      if (radio !== undefined) radio.checked = true;
      const select = box.querySelector('select');
      if (select !== null) select.value = json;
    } else if (field.kind === 'json') {
      control(index).value = value === null || field.filler !== undefined ? '' : JSON.stringify(value);
    } else {
      control(index).value = value === null ? '' : String(value);
      followNumber(box);
    }
  }
  clearErrors();
}

export function clearErrors() {
  document.getElementById('problem').textContent = '';
  for (const index of fields.keys()) showFieldError(index, undefined);
}

function showFieldError(index, message) {
  const place = boxes[index].querySelector('.error');
  place.hidden = message === undefined;
  place.textContent = message ?? '';
  for (const input of boxes[index].querySelectorAll('input:not([type=range]), select, textarea')) {
    if (message === undefined) input.removeAttribute('aria-invalid');
    else input.setAttribute('aria-invalid', 'true');
  }
}

/** Shows each problem at its field, and goes to the first of them; what belongs to no field is said at the button. */
export function showProblems(summary, problems) {
  const grouped = Map.groupBy(problems, ({ index }) => index);
  const elsewhere = (grouped.get(-1) ?? []).map(({ message }) => message);
  grouped.delete(-1);
  for (const [index, own] of grouped) showFieldError(index, own.map(({ message }) => message).join('; '));
  document.getElementById('problem').textContent = [summary, ...elsewhere].join(' ');
  const first = [...grouped.keys()].toSorted((a, b) => a - b)[0];
  if (first !== undefined) control(first).focus();
}

/** Both error shapes that a bundle may choose, as problems of fields. */
export function problemsOf(answer) {
  const details = Array.isArray(answer?.detail)
    ? answer.detail.map(({ loc, msg }) => ({ path: pathText(loc.slice(1)), message: msg }))
    : Array.isArray(answer?.details)
      ? answer.details
      : [];
  return details.map(({ path, message }) => {
    const index = fieldAt(path);
    const inner = index < 0 ? path : path.slice(pathOf(fields[index]).length);
    return { index, message: inner === '' ? message : `${inner}: ${message}` };
  });
}

function pathText(parts) {
  return parts
    .map((part, index) => (typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

/** Where the server's problems say that a field is: a picture is the form's part "file", whatever its input's name. */
function pathOf({ kind, name }) {
  return kind === 'picture' ? 'file' : name;
}

/** Names may hold dots and brackets: the longest that fits is meant. */
function fieldAt(path) {
  let best = -1;
  for (const [index, field] of fields.entries()) {
    const own = pathOf(field);
    const fits = path === own || path.startsWith(`${own}[`) || path.startsWith(`${own}.`);
    if (fits && (best < 0 || own.length > pathOf(fields[best]).length)) best = index;
  }
  return best;
}

function followNumber(box) {
  const slider = box.querySelector('input[type=range]');
  const number = Number(box.querySelector('input[type=text]')?.value);
  if (slider !== null && Number.isFinite(number)) slider.value = String(number);
}

/** Up and down in a field of numbers, as in a browser's own. */
function stepByKey(event, field, box) {
  const direction = event.key === 'ArrowUp' ? 1 : event.key === 'ArrowDown' ? -1 : 0;
  const number = Number(event.target.value);
  if (direction === 0 || event.target.type !== 'text' || !Number.isFinite(number)) return;
  event.preventDefault();
  const step = field.slider?.step ?? (field.whole || Math.abs(number) >= 10 ? 1 : 0.1);
  const stepped = Number((number + direction * step).toPrecision(12));
  const { min = -Infinity, max = Infinity } = field.slider ?? {};
  event.target.value = String(Math.min(max, Math.max(min, stepped)));
  followNumber(box);
}

/** Keeps each slider at its number, and a field's error only until somebody mends it. */
export function followFields(changed) {
  for (const [index, field] of fields.entries()) {
    const box = boxes[index];
    box.addEventListener('input', (event) => {
      if (event.target.type === 'range') control(index).value = event.target.value;
      else followNumber(box);
      showFieldError(index, undefined);
      changed();
    });
    if (field.kind === 'picture') takeDrops(box);
    if (field.kind !== 'number') continue;
    box.addEventListener('keydown', (event) => {
      stepByKey(event, field, box);
      changed();
    });
  }
}
