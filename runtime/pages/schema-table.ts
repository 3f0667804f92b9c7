import { html, type Content, type Html } from './html.ts';
import { referredName, type Parameter, type Schema } from './openapi-document.ts';

/** More choices than these are counted rather than listed. */
const LISTED_CHOICES = 12;

interface Line {
  readonly name: string;
  readonly depth: number;
  readonly required: boolean;
  readonly schema: Schema;
}

/** A schema's fields as a table, those of objects inside it indented below their own. */
export function schemaTable(schema: Schema, caption: string): Html | undefined {
  const lines = linesOf(schema, 0);
  return lines.length === 0 ? undefined : table(lines, caption);
}

export function parameterTable(parameters: readonly Parameter[], caption: string): Html {
  return table(
    parameters.map(({ name, required = false, schema = {}, description }) => ({
      name,
      depth: 0,
      required,
      schema: description === undefined ? schema : { ...schema, description },
    })),
    caption,
  );
}

function table(lines: readonly Line[], caption: string): Html {
  return html`<div class="table-box" tabindex="0" role="group" aria-label="${caption}">
    <table class="schema">
      <caption>
        ${caption}
      </caption>
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Type</th>
          <th scope="col">Allowed</th>
          <th scope="col">Meaning</th>
        </tr>
      </thead>
      <tbody>
        ${lines.map(row)}
      </tbody>
    </table>
  </div>`;
}

function row({ name, depth, required, schema }: Line): Html {
  const indent = depth > 0 && html`<span class="inside" aria-hidden="true">${'\u2192 '.repeat(depth)}</span>`;
  const described = [
    schema.description ?? schema.items?.description,
    ...(schema.examples ?? []).map((value) => `For example ${JSON.stringify(value)}`),
  ].filter((text) => text !== undefined);
  return html`<tr>
    <th scope="row">
      ${indent}<code>${name}</code>${!required && html` <span class="optional">optional</span>`}
    </th>
    <td>${typeOf(schema)}</td>
    <td>${allowed(schema)}</td>
    <td>${described.join(described.length > 1 && !described[0]?.endsWith('.') ? '. ' : ' ')}</td>
  </tr>`;
}

function linesOf({ properties = {}, required = [] }: Schema, depth: number): readonly Line[] {
  const lines: Line[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    lines.push({ name, depth, required: required.includes(name), schema });
    lines.push(...linesOf(schema, depth + 1), ...linesOf(schema.items ?? {}, depth + 1));
  }
  return lines;
}

function typeOf(schema: Schema): Content {
  const { type, items } = schema;
  const name = referredName(schema);
  if (name !== undefined) return html`<a href="#schema-${name}">${name}</a>`;
  if (type === 'array' && items !== undefined) {
    const inner = typeOf(items);
    return inner === 'any' ? 'array' : html`array of ${inner}`;
  }
  if (type === undefined) return 'any';
  return typeof type === 'string' ? type : type.join(' or ');
}

function allowed({ enum: choices, minimum, maximum, minItems, maxItems, items }: Schema): Content {
  if (choices !== undefined) {
    const listed = choices.slice(0, LISTED_CHOICES);
    const more = choices.length - listed.length;
    return html`${listed.map((choice, index) => html`${index > 0 && ', '}<code>${JSON.stringify(choice)}</code>`)}${more > 0 && ` and ${more} more`}`;
  }
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  if (minimum !== undefined) return `at least ${minimum}`;
  if (maximum !== undefined) return `at most ${maximum}`;
  if (minItems !== undefined && maxItems !== undefined) return `${minItems} to ${maxItems} of them`;
  return items === undefined ? '' : allowed(items);
}
