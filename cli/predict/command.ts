import { z } from 'zod';
import { modelInputSchema } from '#contract/model-manifest.ts';
import { CliError, EXIT } from '../exit.ts';
import type { ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { readDeployment, readRevisions } from '../read.ts';
import { describeRevision } from '../revisions.ts';
import { withSession } from '../session.ts';
import type { Session } from '../session.ts';
import { proxyAnswer } from './answer.ts';
import type { ProxyAnswer } from './answer.ts';
import { readBody } from './body.ts';
import { exampleRow } from './example.ts';

export interface PredictOptions extends GlobalOptions {
  readonly data?: string;
  readonly batch?: boolean;
  readonly timeout: number;
  readonly output?: 'json' | 'yaml';
}

const infoSchema = z.object({ inputs: z.array(modelInputSchema) });

/** OpenAPI's example of a batch: its one field is what the bundle calls the rows. */
const batchExampleSchema = z.object({
  paths: z.object({
    '/predict_batch': z.object({
      post: z.object({
        requestBody: z.object({
          content: z.object({
            'application/json': z.object({ example: z.record(z.string(), z.array(z.unknown())) }),
          }),
        }),
      }),
    }),
  }),
});

export function predict(name: string, options: PredictOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const body = await requestBody(session, name, options, io);
    const path = options.batch === true ? '/predict_batch' : '/predict';
    const started = performance.now();
    const answer = await call(session, name, 'POST', path, options, body);
    if (answer.from === 'apiserver') throw await unreachable(session, name, answer);
    const took = Math.round(performance.now() - started);
    if (options.output === undefined) {
      io.out(`${document('json', answer.body)}\n`);
      io.err(`${await who(session, name, answer.revision)}, HTTP ${answer.status}, ${took} ms\n`);
    } else {
      const { status, revision, body: content } = answer;
      io.out(`${document(options.output, { status, revision: revision ?? null, answer: content })}\n`);
    }
    return answer.status < 400 ? EXIT.ok : EXIT.refused;
  });
}

/** The rows that -d gives, wrapped where --batch is given a bare list; without -d, an example that says it is one. */
async function requestBody(
  session: Session,
  name: string,
  options: PredictOptions,
  io: Io,
): Promise<unknown> {
  const given = options.data === undefined ? undefined : await readBody(options.data, io.stdin);
  const complete = given !== undefined && (options.batch !== true || !Array.isArray(given));
  if (complete) return given;
  const row = given ?? exampleRow((await read(session, name, '/model/info', infoSchema, options)).inputs);
  const body = options.batch === true ? await batchOf(session, name, row, options) : row;
  if (given === undefined) {
    io.err(`An example made from the model's inputs (give your own with -d):\n${JSON.stringify(body)}\n`);
  }
  return body;
}

async function batchOf(
  session: Session,
  name: string,
  rows: unknown,
  options: PredictOptions,
): Promise<unknown> {
  const { paths } = await read(session, name, '/openapi.json', batchExampleSchema, options);
  const { example } = paths['/predict_batch'].post.requestBody.content['application/json'];
  return Object.fromEntries(
    Object.keys(example).map((field) => [field, Array.isArray(rows) ? rows : [rows]]),
  );
}

/** What the model says of itself. */
async function read<T>(
  session: Session,
  name: string,
  path: string,
  schema: z.ZodType<T>,
  options: PredictOptions,
): Promise<T> {
  const answer = await call(session, name, 'GET', path, options);
  if (answer.from === 'apiserver') throw await unreachable(session, name, answer);
  const found = schema.safeParse(answer.body);
  if (found.success) return found.data;
  throw new CliError(`${name} does not say what it takes (HTTP ${answer.status} from ${path})`, {
    hint: `give a whole request with -d '{...}'`,
  });
}

async function call(
  session: Session,
  name: string,
  method: 'GET' | 'POST',
  path: string,
  options: PredictOptions,
  body?: unknown,
): Promise<ProxyAnswer> {
  const { kube, namespace } = session;
  const service = `/api/v1/namespaces/${encodeURIComponent(namespace)}/services/${encodeURIComponent(name)}:http/proxy`;
  const response = await kube.raw(method, `${service}${path}`, {
    ...session.call,
    timeoutMs: options.timeout,
    ...(body === undefined
      ? {}
      : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });
  return proxyAnswer(response);
}

/** The API server answered itself: say why no pod was reached. */
async function unreachable(
  session: Session,
  name: string,
  answer: Extract<ProxyAnswer, { from: 'apiserver' }>,
): Promise<CliError> {
  const { namespace } = session;
  if (answer.status === 403) {
    return new CliError(answer.message, {
      hint: `predict needs the verbs get and create on services/proxy in namespace ${namespace}`,
    });
  }
  await readDeployment(session, name); // says so where there is none of that name
  const hint = `see what it waits for: kubectl windlass status ${name} -n ${namespace}`;
  if (answer.status === 404) return new CliError(`${name} has never served: it has no Service yet`, { hint });
  return new CliError(`${name} could not be reached through the API server: ${answer.message}`, { hint });
}

async function who(session: Session, name: string, revision: string | undefined): Promise<string> {
  if (revision === undefined) return 'answered by a pod that names no revision';
  const known = await readRevisions(session, name).catch(() => []);
  const found = known.find((it) => it.metadata.name === revision);
  return `answered by ${found === undefined ? revision : `${describeRevision(found)} (${revision})`}`;
}
