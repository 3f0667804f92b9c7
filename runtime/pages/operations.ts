import type { Model } from '#runtime/model/load.ts';
import { shortened, type Example } from './example-answer.ts';
import { html, type Html } from './html.ts';
import { referredName, type OpenApiDocument, type Operation, type Schema } from './openapi-document.ts';
import { readableJson } from './readable-json.ts';
import { parameterTable, schemaTable } from './schema-table.ts';

/** One endpoint of the API, with an example of it. */
export interface Endpoint {
  readonly template: string;
  readonly method: string;
  readonly operation: Operation;
  readonly example: Example | undefined;
}

/** What the sections of a page have in common. */
export interface Reference {
  readonly document: OpenApiDocument;
  readonly model: Model;
  readonly uses: ReadonlyMap<string, Endpoint>;
}

/** An endpoint's section: parameters, body, answers, and a request that was really answered. */
export function endpointSection(endpoint: Endpoint, reference: Reference): Html {
  const { template, method, operation } = endpoint;
  const id = operation.operationId;
  return html`<article id="${id}" class="endpoint" aria-labelledby="${id}-title">
    <h3 id="${id}-title"><span class="method">${method.toUpperCase()}</span> <code>${template}</code></h3>
    ${operation.summary !== undefined && html`<p>${operation.summary}</p>`}
    ${parameters(operation, reference.model)} ${requestBody(endpoint, reference)} ${statuses(operation)}
    ${exampleBlocks(endpoint)}
  </article>`;
}

function parameters({ parameters = [] }: Operation, { name, manifest }: Model): Html | undefined {
  if (parameters.length === 0) return undefined;
  const known: Readonly<Record<string, string>> = { name, version: manifest.version };
  const described = parameters.map((parameter) => {
    const value = known[parameter.name];
    return value === undefined || parameter.description !== undefined
      ? parameter
      : { ...parameter, description: `Here "${value}".` };
  });
  return parameterTable(described, 'Parameters');
}

/** Bodies that refer to the same schema show it once: the first of them does, and the others lead there. */
export function firstUses(endpoints: readonly Endpoint[]): ReadonlyMap<string, Endpoint> {
  const uses = new Map<string, Endpoint>();
  for (const endpoint of endpoints) {
    for (const { schema = {} } of Object.values(endpoint.operation.requestBody?.content ?? {})) {
      const name = referredName(schema);
      if (name !== undefined && !uses.has(name)) uses.set(name, endpoint);
    }
  }
  return uses;
}

function requestBody(endpoint: Endpoint, reference: Reference): readonly Html[] {
  const bodies = Object.entries(endpoint.operation.requestBody?.content ?? {});
  const bare = bodies.filter(([, { schema }]) => schema === undefined).map(([type]) => type);
  return [
    ...bodies.flatMap(([type, { schema }]) =>
      schema === undefined ? [] : [bodySchema(`Body, ${type}`, schema, endpoint, reference)],
    ),
    ...(bare.length === 0 ? [] : [html`<p class="body-type">Or as the whole body: ${bare.join(', ')}</p>`]),
  ];
}

function bodySchema(title: string, schema: Schema, endpoint: Endpoint, { document, uses }: Reference): Html {
  const name = referredName(schema);
  if (name !== undefined && uses.get(name) !== endpoint) {
    return html`<p class="body-type">${title}: <a href="#schema-${name}">${name}</a></p>`;
  }
  if (name === undefined) return schemaTable(schema, title) ?? html`<p class="body-type">${title}</p>`;
  const table = schemaTable(document.components.schemas[name] ?? {}, `${title}: ${name}`);
  return html`<div id="schema-${name}">${table}</div>`;
}

function statuses({ responses }: Operation): Html | undefined {
  const errors = Object.entries(responses).filter(([status]) => !status.startsWith('2'));
  const [, first] = errors[0] ?? [];
  if (first === undefined) return undefined;
  const shape = referredName(first.content?.['application/json']?.schema ?? {});
  const codes = errors.map(([status], index) => html`${index > 0 && ', '}<code>${status}</code>`);
  const link =
    shape !== undefined &&
    html`, each an <a href="#schema-${shape}">${shape}</a> that names every field that is wrong`;
  return html`<p class="statuses">Errors: ${codes}${link}.</p>`;
}

function exampleBlocks({ operation, example }: Endpoint): Html | undefined {
  if (example === undefined) return undefined;
  const id = operation.operationId;
  const request =
    example.files === undefined
      ? example.body === undefined
        ? undefined
        : readableJson(example.body)
      : `A form (multipart/form-data) with the part "file":\n${example.files.join('\n')}`;
  return html`<div class="examples">
    ${request !== undefined && block(`${id}-request`, 'Request', shortened(request))}
    ${block(`${id}-answer`, `Answer, ${example.status}`, example.answer)}
    <div class="code" data-curl="${id}" hidden>
      <div class="code-head">
        <h4>curl</h4>
        <button type="button" class="quiet" data-copy="${id}-curl">
          Copy<span class="visually-hidden"> the curl command of ${operation.operationId}</span>
        </button>
      </div>
      <pre id="${id}-curl" tabindex="0" role="group" aria-label="curl command"></pre>
    </div>
  </div>`;
}

function block(id: string, title: string, text: string): Html {
  return html`<div class="code">
    <div class="code-head"><h4>${title}</h4></div>
    <pre id="${id}" tabindex="0" role="group" aria-label="${title}">${text}</pre>
  </div>`;
}
