import type { ModelInput } from '#contract/model-manifest.ts';
import type { Model } from '#runtime/model/load.ts';
import { isSingle } from '#runtime/protocol/scalar.ts';
import { meaningOf, type Meaning } from './meaning.ts';
import { ROUTES } from './routes.ts';
import { V2_BINARY, V2_LENGTH_HEADER, v2Example, v2RequestSchema } from './v2-openapi.ts';

/** Examples of more elements would make megabytes that nobody reads, at every request for the document. */
const MAX_EXAMPLE_ELEMENTS = 2000;

/** OpenAPI 3.1 of this very model: its features with their ranges, choices and an example. */
export function openApi(model: Model): object {
  const { manifest, name } = model;
  const example = elementsOf(manifest.inputs) <= MAX_EXAMPLE_ELEMENTS ? model.example : undefined;
  const batch = manifest.response?.batch;
  const rows = batch?.request ?? 'instances';
  const tensors =
    example === undefined || model.pictures !== undefined ? undefined : v2Example(model, example);
  const infer = jsonBody({ $ref: '#/components/schemas/InferRequest' }, tensors, V2_BINARY);
  const bodies: Readonly<Record<string, object>> = {
    '/v2/models/:name/infer': infer,
    '/v2/models/:name/versions/:version/infer': infer,
    '/predict':
      model.pictures === undefined
        ? jsonBody({ $ref: '#/components/schemas/Features' }, example)
        : pictureBody(PICTURE),
    '/predict_batch':
      model.pictures === undefined
        ? jsonBody(
            {
              type: 'object',
              required: [rows],
              properties: {
                [rows]: {
                  type: 'array',
                  minItems: 1,
                  maxItems: batch?.limit ?? 1000,
                  items: { $ref: '#/components/schemas/Features' },
                },
              },
            },
            example === undefined ? undefined : { [rows]: [example] },
          )
        : pictureBody({ type: 'array', items: PICTURE }),
  };
  return {
    openapi: '3.1.0',
    info: {
      title: name,
      version: manifest.version,
      description: manifest.description ?? `The model ${name}.`,
    },
    paths: Object.fromEntries(
      ROUTES.map(({ template, methods }) => [
        pathTemplate(template),
        operations(template, methods, {
          body: bodies[template],
          meaning: meaningOf(template, model.pictures !== undefined),
        }),
      ]),
    ),
    components: {
      schemas: {
        Features: featuresSchema(manifest.inputs, model.merging),
        InferRequest: v2RequestSchema(model),
        Error: errorSchema(manifest.response?.errors),
        InferError: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
      },
    },
  };
}

function operations(
  template: string,
  methods: readonly string[],
  { body, meaning }: { readonly body: object | undefined; readonly meaning: Meaning | undefined },
): object {
  const method = methods.includes('POST') ? 'post' : 'get';
  const infer = template.endsWith('/infer');
  const names = [...template.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const parameters = infer ? [...names, V2_LENGTH_HEADER] : names;
  const error = {
    description: 'What is wrong with the request.',
    content: json({ $ref: `#/components/schemas/${template.startsWith('/v2') ? 'InferError' : 'Error'}` }),
  };
  return {
    [method]: {
      operationId: operationId(method, template),
      ...(meaning === undefined ? {} : { summary: meaning.summary, tags: [meaning.group] }),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...body,
      responses: {
        '200': {
          description: 'The answer.',
          content: {
            ...json({ type: 'object' }),
            ...(template === '/drift' ? PAGE : {}),
            ...(infer ? V2_BINARY : {}),
          },
        },
        ...(method === 'post'
          ? { '400': error, '413': error, '415': error, '422': error, '503': error }
          : {}),
      },
    },
  };
}

function elementsOf(inputs: readonly ModelInput[]): number {
  const sizes = inputs.map(({ shape }) => shape.reduce<number>((product, dim) => product * (dim ?? 1), 1));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The same for a browser. */
const PAGE = { 'text/html': { schema: { type: 'string' } } };

/** getV2ModelsName */
function operationId(method: string, template: string): string {
  const words = template.split(/\W+/).filter((word) => word !== '');
  return (
    method +
    (words.length === 0 ? ['root'] : words).map((word) => word[0]?.toUpperCase() + word.slice(1)).join('')
  );
}

function pathTemplate(template: string): string {
  return template.replaceAll(/:(\w+)/g, '{$1}');
}

function jsonBody(schema: object, example: object | undefined, others: object = {}): object {
  return {
    requestBody: {
      required: true,
      content: { 'application/json': { schema, ...(example === undefined ? {} : { example }) }, ...others },
    },
  };
}

const PICTURE = { type: 'string', contentMediaType: 'image/*', description: 'a JPEG, PNG or WebP' };

/** A form with the part "file", once or several times, or one picture as the body itself. */
function pictureBody(file: object): object {
  const form = { type: 'object', required: ['file'], properties: { file } };
  const whole = Object.fromEntries(['image/jpeg', 'image/png', 'image/webp'].map((type) => [type, {}]));
  return { requestBody: { required: true, content: { 'multipart/form-data': { schema: form }, ...whole } } };
}

function json(schema: object): object {
  return { 'application/json': { schema } };
}

function featuresSchema(inputs: readonly ModelInput[], merging: boolean): object {
  return {
    type: 'object',
    required: inputs.filter(({ required }) => required).map(({ name }) => name),
    properties: Object.fromEntries(inputs.map((input) => [input.name, featureSchema(input, merging)])),
  };
}

function featureSchema(input: ModelInput, merging: boolean): object {
  const { type, shape, integer, range, values, description, unit, default: value, required } = input;
  const one =
    type === 'string'
      ? 'string'
      : type === 'bool'
        ? 'boolean'
        : integer || /^u?int/.test(type)
          ? 'integer'
          : 'number';
  const single = isSingle(input, merging);
  const dims = shape.slice(merging ? 1 : 0).map((dim) => dim ?? 'any');
  return {
    type: single ? (required ? one : [one, 'null']) : 'array',
    ...(single ? {} : { description: `elements of shape [${dims.join(', ')}]`, items: {} }),
    ...(range?.min === undefined ? {} : { minimum: range.min }),
    ...(range?.max === undefined ? {} : { maximum: range.max }),
    ...(values === undefined ? {} : { enum: required ? values : [...values, null] }),
    ...(description === undefined
      ? {}
      : { description: unit === undefined ? description : `${description} Unit: ${unit}.` }),
    ...(value === undefined ? {} : { examples: [value] }),
  };
}

function errorSchema(shape: 'windlass' | 'detail' | undefined): object {
  if (shape === 'detail') return { type: 'object', required: ['detail'], properties: { detail: {} } };
  return {
    type: 'object',
    required: ['error', 'code', 'details'],
    properties: {
      error: { type: 'string' },
      code: { type: 'string' },
      details: {
        type: 'array',
        items: { type: 'object', properties: { path: { type: 'string' }, message: { type: 'string' } } },
      },
    },
  };
}
