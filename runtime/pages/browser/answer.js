import { element } from './shared.js';

const SHOWN_CLASSES = 6;
const SHOWN_NUMBERS = 12;

/** What an answer of POST /predict says, as elements: what matters most first, then why. */
export function describeAnswer(answer, meaning) {
  const found = Object.fromEntries(
    Object.entries(meaning.fields).map(([name, field]) => [
      field.from,
      { name, value: answer[name], decimals: field.decimals },
    ]),
  );
  const parts = [
    ...headline(found, meaning),
    ...scale(found, meaning),
    ...reasons(found, meaning),
    ...classes(found),
    ...outputs(answer, meaning),
  ];
  return parts.length === 0
    ? [element('p', { class: 'empty' }, 'The model answered; its answer is below.')]
    : parts;
}

/** The row of "What decides" that this answer is in. */
export function decidedBand(answer, meaning) {
  const [name] = Object.entries(meaning.fields).find(([, { from }]) => from === 'band') ?? [];
  return name === undefined ? -1 : meaning.bands.findIndex(({ label }) => label === answer[name]);
}

function headline({ probability, value, label, prediction, confidence, band }, { labels, task }) {
  const chips = [band?.value, labelOf(label, prediction, labels)].filter(
    (text) => text !== undefined && text !== null,
  );
  const chip = (text, index) =>
    element('span', { class: index === 0 ? 'chip strong' : 'chip' }, String(text));
  if (typeof probability?.value === 'number') {
    const positive = labels[1];
    return big(
      percent(probability.value),
      positive === undefined ? 'probability' : `probability of ${positive}`,
      chips.map(chip),
    );
  }
  if (typeof value?.value === 'number') return big(readable(value.value), value.name, chips.map(chip));
  const [first, ...others] = chips;
  if (first === undefined) return [];
  const sure =
    task !== 'binary-classification' && typeof confidence?.value === 'number'
      ? `with a probability of ${percent(confidence.value)}`
      : (label ?? prediction ?? band).name;
  return big(String(first), sure, others.map(chip));
}

function big(text, caption, chips) {
  return [
    element(
      'div',
      { class: 'headline' },
      element('p', { class: 'big' }, text),
      element('p', { class: 'caption' }, caption),
      ...(chips.length === 0 ? [] : [element('p', { class: 'chips' }, ...spaced(chips))]),
    ),
  ];
}

function labelOf(label, prediction, labels) {
  if (label !== undefined) return label.value;
  return prediction === undefined ? undefined : (labels[prediction.value] ?? prediction.value);
}

/** A picture of what the text beside it says: where the probability lies among the bands. */
function scale({ probability }, { bands, threshold }) {
  if (typeof probability?.value !== 'number') return [];
  const within = bands.every(({ below }) => below === undefined || (below > 0 && below < 1));
  const track = element('div', { class: 'track' });
  let from = 0;
  for (const { label, below = 1 } of within && bands.length > 0 ? bands : [{ label: '' }]) {
    const part = element(
      'span',
      { class: probability.value >= from && probability.value < below ? 'part here' : 'part' },
      label,
    );
    part.style.flexGrow = String(below - from);
    track.append(part);
    from = below;
  }
  const marker = element('span', { class: 'marker' });
  marker.style.left = `${Math.min(1, Math.max(0, probability.value)) * 100}%`;
  const limit = element('span', { class: 'limit' });
  limit.style.left = `${threshold * 100}%`;
  const shown = threshold === undefined || threshold <= 0 || threshold >= 1 ? [] : [limit];
  return [element('div', { class: 'scale', 'aria-hidden': 'true' }, track, ...shown, marker)];
}

function reasons({ probability, value, band, label, prediction }, { bands, threshold, labels }) {
  const number = probability ?? value;
  if (typeof number?.value !== 'number') return [];
  const sentences = [];
  const index = bands.findIndex(({ label }) => label === band?.value);
  if (index >= 0) sentences.push(bandReason(number, bands, index));
  const answered = labelOf(label, prediction, labels);
  if (threshold !== undefined && probability !== undefined && answered !== undefined) {
    const reached = number.value >= threshold;
    const side = reached ? 'reaches' : 'is below';
    sentences.push(`${answered}: ${exact(number.value)} ${side} the threshold of ${threshold}.`);
  }
  return sentences.map((sentence) => element('p', { class: 'reason' }, sentence));
}

function bandReason({ value, decimals }, bands, index) {
  const from = bands[index - 1]?.below;
  const { label, below } = bands[index];
  const fits = (from === undefined || value >= from) && (below === undefined || value < below);
  const limits = [
    ...(from === undefined ? [] : [`at least ${from}`]),
    ...(below === undefined ? [] : [`below ${below}`]),
  ];
  if (limits.length === 0) return `${label}: the only band.`;
  const number = fits ? exact(value) : `the value before it was rounded to ${decimals} decimals`;
  return `${label}: ${number} is ${limits.join(' and ')}.`;
}

/** Classes by probability, the most probable first. */
function classes({ probabilities }) {
  const entries = Object.entries(probabilities?.value ?? {}).filter(([, p]) => typeof p === 'number');
  if (entries.length < 3) return [];
  const sorted = entries.toSorted(([, a], [, b]) => b - a);
  const rest = sorted.length - SHOWN_CLASSES;
  return [
    bars(
      sorted.slice(0, SHOWN_CLASSES).map(([label, p]) => ({ label, share: p, text: percent(p) })),
      'Probability of each class',
    ),
    ...(rest > 0 ? [element('p', { class: 'hint' }, `and ${rest} less probable ones`)] : []),
  ];
}

/** Tensors of a graph that nobody described. */
function outputs(answer, { fields }) {
  return Object.entries(fields)
    .filter(([, { from }]) => from === 'output')
    .flatMap(([name]) => output(name, answer[name]));
}

function output(name, value) {
  if (!Array.isArray(value))
    return big(typeof value === 'number' ? readable(value) : String(value), name, []);
  const title = element('h3', {}, name);
  const numbers = value.filter((entry) => typeof entry === 'number');
  if (numbers.length === value.length && value.length <= SHOWN_NUMBERS) {
    const most = Math.max(...numbers.map(Math.abs), Number.MIN_VALUE);
    const rows = numbers.map((number, index) => ({
      label: String(index),
      share: Math.abs(number) / most,
      text: readable(number),
    }));
    return [title, bars(rows, name)];
  }
  return [
    title,
    element('p', { class: 'hint' }, `A tensor of shape [${shapeOf(value).join(', ')}]; it is below.`),
  ];
}

function bars(rows, label) {
  const body = element('tbody');
  for (const { label, share, text } of rows) {
    const bar = element('span', { class: 'bar' });
    bar.style.width = `${Math.min(1, Math.max(0, share)) * 100}%`;
    body.append(
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, label),
        element('td', { class: 'bar-cell' }, bar),
        element('td', { class: 'bar-value' }, text),
      ),
    );
  }
  return element('table', { class: 'bars', 'aria-label': label }, body);
}

function shapeOf(value) {
  const shape = [];
  for (let level = value; Array.isArray(level); level = level[0]) shape.push(level.length);
  return shape;
}

function percent(p) {
  const shown = p * 100;
  return `${shown > 0 && shown < 0.1 ? shown.toPrecision(1) : shown.toFixed(1)} %`;
}

/** Short, but for whole numbers never less than all of it. */
function readable(number) {
  if (Number.isInteger(number)) return String(number);
  return String(Number(number.toPrecision(6)));
}

/** Enough digits to compare with a limit. */
function exact(number) {
  return String(Math.abs(number) >= 1e-4 ? Number(number.toPrecision(7)) : number);
}

function spaced(nodes) {
  return nodes.flatMap((node, index) => (index === 0 ? [node] : [' ', node]));
}
