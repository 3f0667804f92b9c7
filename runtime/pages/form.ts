import type { ModelInput } from '#contract/model-manifest.ts';
import type { Model } from '#runtime/model/load.ts';
import { fieldOf, initialValue, isWhole, type FormField } from './fields.ts';
import { html, type Html } from './html.ts';

/** An input with what a person needs to give it; `id` is its elements' name in the page. */
interface Asked {
  readonly id: string;
  readonly input: ModelInput;
  readonly field: FormField;
  readonly value: unknown;
}

/** The form's fields, one for each input, each with its explanation and a place for what is wrong with it. */
export function formFields(model: Model): readonly Html[] {
  return model.manifest.inputs.map((input, index) => {
    const asked = {
      id: `input-${index}`,
      input,
      field: fieldOf(input, model),
      value: initialValue(input, model),
    };
    const { field } = asked;
    return field.kind === 'choice' && field.compact ? radioField(asked) : labelledField(asked);
  });
}

function labelledField(asked: Asked): Html {
  const { id, input, field } = asked;
  const wide = field.kind === 'json' || field.kind === 'picture' ? ' wide' : '';
  return html`<div class="field${wide}" data-field>
    <label for="${id}">${titleOf(input)}</label>
    ${hint(asked)} ${control(asked)} ${errorPlace(id)}
  </div>`;
}

function radioField({ id, input, field, value }: Asked): Html {
  const choices = field.kind === 'choice' ? field.choices : [];
  const none = { json: '', text: 'missing' };
  const shown = input.required ? choices : [...choices, none];
  const chosen = choices.find(({ json }) => same(json, value)) ?? (input.required ? undefined : none);
  return html`<fieldset class="field" data-field aria-describedby="${id}-hint ${id}-error">
    <legend>${titleOf(input)}</legend>
    ${hint({ id, input, field, value })}
    <div class="choices">
      ${shown.map(
        (choice) =>
          html`<label class="${choice === none ? 'choice none' : 'choice'}"
            ><input
              type="radio"
              name="${id}"
              value="${choice.json}"
              ${choice === chosen && html` checked`}
            /><span>${choice.text}</span></label
          >`,
      )}
    </div>
    ${errorPlace(id)}
  </fieldset>`;
}

function control({ id, input, field, value }: Asked): Html {
  const described = html`aria-describedby="${id}-hint ${id}-error"`;
  const required = input.required && html` aria-required="true"`;
  switch (field.kind) {
    case 'choice':
      return html`<select id="${id}" ${described}>
        ${!input.required && html`<option value="">(missing)</option>`}
        ${field.choices.map(
          ({ json, text }) =>
            html`<option value="${json}" ${same(json, value) && html` selected`}>
              ${text === '' ? '(empty)' : text}
            </option>`,
        )}
      </select>`;
    case 'json':
      return html`<textarea
        id="${id}"
        rows="4"
        spellcheck="false"
        autocapitalize="off"
        ${described}${required}
      >
${field.filler === undefined && JSON.stringify(value)}</textarea>`;
    case 'picture':
      return html`<div class="drop" data-drop>
        <input id="${id}" type="file" accept="image/jpeg,image/png,image/webp" ${described}${required} />
        <p class="hint">or drop it here, or paste it</p>
        <img class="preview" alt="" hidden />
      </div>`;
    case 'text':
      return html`<input
        id="${id}"
        type="text"
        autocomplete="off"
        ${described}${required}
        value="${textOf(value)}"
      />`;
    default:
      return html`<div class="number">
        <input
          id="${id}"
          type="text"
          inputmode="${inputMode(input)}"
          autocomplete="off"
          ${described}${required}
          value="${textOf(value)}"
        />${slider(field, value)}
      </div>`;
  }
}

/** For a pointer alone: the keyboard and a screen reader have the field beside it. */
function slider(field: Extract<FormField, { readonly kind: 'number' }>, value: unknown): Html | undefined {
  if (field.slider === undefined) return undefined;
  const { min, max, step } = field.slider;
  return html`<input
    type="range"
    tabindex="-1"
    aria-hidden="true"
    min="${min}"
    max="${max}"
    step="${step}"
    value="${textOf(value ?? min)}"
  />`;
}

/** Keyboards for whole numbers have no minus on some phones. */
function inputMode(input: ModelInput): string {
  const positive = (input.range?.min ?? -1) >= 0;
  return positive ? (isWhole(input) ? 'numeric' : 'decimal') : 'text';
}

function titleOf({ name, unit, required }: ModelInput): Html {
  return html`<span class="name">${name}</span
    >${unit !== undefined && html` <span class="unit">${unit}</span>`}${!required && html` <span class="optional">optional</span>`}`;
}

function hint({ id, input, field }: Asked): Html {
  const limits = limitsOf(input, field);
  const { description = '', name } = input;
  const sentence = /[.!?:]$/.test(description) ? description : `${description}.`;
  const told = description !== '' && sentence.toLowerCase() !== `${name.toLowerCase()}.`;
  const parts = [...(told ? [sentence] : []), ...(limits === '' ? [] : [limits])];
  return html`<p class="hint" id="${id}-hint">${parts.join(' ')}</p>`;
}

function limitsOf(input: ModelInput, field: FormField): string {
  const { range, type, required } = input;
  const missing = required ? '' : '; empty where it is missing';
  switch (field.kind) {
    case 'choice':
      return '';
    case 'picture':
      return `A JPEG, PNG or WebP. ${field.sizing}`;
    case 'text':
      return `Text${missing}.`;
    case 'json': {
      const shape = `JSON of shape [${field.shape.join(', ')}], ${type}`;
      return field.filler === undefined
        ? `${shape}.`
        : `${shape}. Left empty, each of its elements is sent as ${field.filler}.`;
    }
    default: {
      const { min, max } = range ?? {};
      const limits =
        min !== undefined && max !== undefined
          ? `${min} to ${max}`
          : min !== undefined
            ? `At least ${min}`
            : max !== undefined
              ? `At most ${max}`
              : 'Any number';
      return `${limits}${isWhole(input) ? ', whole' : ''}${missing}.`;
    }
  }
}

function errorPlace(id: string): Html {
  return html`<p class="error" id="${id}-error" hidden></p>`;
}

function same(json: string, value: unknown): boolean {
  return json === JSON.stringify(typeof value === 'boolean' && /^[01]$/.test(json) ? Number(value) : value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}
