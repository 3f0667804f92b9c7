import { GROUPS } from '#runtime/http/meaning.ts';
import type { Model } from '#runtime/model/load.ts';
import { renderPage, type Page } from './document.ts';
import { exampleOf, type Ask } from './example-answer.ts';
import { html, type Html } from './html.ts';
import { pageHeader } from './navigation.ts';
import { openApiDocument, type OpenApiDocument } from './openapi-document.ts';
import { endpointSection, firstUses, type Endpoint, type Reference } from './operations.ts';
import { schemaTable } from './schema-table.ts';

export type { Ask } from './example-answer.ts';

const OTHERS = 'More';
/** Longer requests are shown in part, and have no command to paste. */
const MAX_CURL_BODY = 20_000;

/** The API for people: every endpoint of /openapi.json, each with a request that this model has answered. */
export async function docsPage(model: Model, revision: string, ask: Ask): Promise<Page> {
  const document = openApiDocument(model);
  const endpoints = await readEndpoints(document, model, { revision, ask });
  const groups = groupsOf(endpoints);
  const uses = firstUses(groups.flatMap(([, members]) => members));
  const reference = { document, model, uses };
  const body = html`${pageHeader(model, revision, '/docs')}
    <main id="main" class="docs">
      <nav class="contents" aria-label="Endpoints">
        ${groups.map(
          ([group, members]) =>
            html`<p>${group}</p>
              <ul>
                ${members.map(contentsLine)}
              </ul>`,
        )}
        <p>Schemas</p>
        <ul>
          ${Object.keys(document.components.schemas).map((name) => html`<li><a href="#schema-${name}">${name}</a></li>`)}
        </ul>
      </nav>
      <div class="reference">
        <p class="lead">
          Every endpoint of this server, from <a href="openapi.json">openapi.json</a>. The examples were
          answered by this very model. To try it with your own values, use <a href="./">the form</a>.
        </p>
        ${groups.map(
          ([group, members]) =>
            html`<section>
              <h2>${group}</h2>
              ${members.map((each) => endpointSection(each, reference))}
            </section>`,
        )}
        <section>
          <h2>Schemas</h2>
          ${schemas(reference)}
        </section>
      </div>
    </main>`;
  const commands = endpoints.flatMap(({ operation, example }) => {
    if (example === undefined) return [];
    const { path, body, files } = example;
    const json = body === undefined ? undefined : JSON.stringify(body);
    if (json !== undefined && json.length > MAX_CURL_BODY) return [];
    return [{ id: operation.operationId, path, body: json, files }];
  });
  return renderPage({
    title: `${model.name}: API`,
    body,
    styles: ['docs.css'],
    scripts: ['shared.js', 'docs.js'],
    data: { commands },
  });
}

async function readEndpoints(
  document: OpenApiDocument,
  model: Model,
  from: { readonly revision: string; readonly ask: Ask },
): Promise<readonly Endpoint[]> {
  const operations = Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ template, method, operation })),
  );
  return Promise.all(
    operations.map(async ({ template, method, operation }) => {
      const example = await exampleOf(template, method, model, from);
      return { template, method, operation, example };
    }),
  );
}

function groupsOf(endpoints: readonly Endpoint[]): readonly (readonly [string, readonly Endpoint[]])[] {
  const groups = Map.groupBy(endpoints, ({ operation }) => operation.tags?.[0] ?? OTHERS);
  return [...GROUPS, OTHERS].flatMap((group) => {
    const members = groups.get(group);
    return members === undefined ? [] : [[group, members] as const];
  });
}

function contentsLine({ template, method, operation }: Endpoint): Html {
  return html`<li>
    <a href="#${operation.operationId}"
      ><span class="method">${method.toUpperCase()}</span> ${breakable(template)}</a
    >
  </li>`;
}

/** A long path may go on in the next line after a slash. */
function breakable(path: string): readonly Html[] {
  return path.split(/(?<=\/)/).map((part) => html`${part}<wbr />`);
}

/** Those that no endpoint has shown already. */
function schemas({ document, uses }: Reference): readonly Html[] {
  return Object.entries(document.components.schemas)
    .filter(([name]) => !uses.has(name))
    .map(
      ([name, schema]) =>
        html`<article id="schema-${name}" class="endpoint">
          <h3>${name}</h3>
          ${schemaTable(schema, name)}
        </article>`,
    );
}
