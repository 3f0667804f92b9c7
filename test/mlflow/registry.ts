import type { Mlflow } from './server.ts';

export type Files = ReadonlyMap<string, Uint8Array | string>;

/** What training does to MLflow's registry, over its REST API. */
export class Registry {
  readonly #mlflow: Pick<Mlflow, 'url' | 'account'>;

  constructor(mlflow: Pick<Mlflow, 'url' | 'account'>) {
    this.#mlflow = mlflow;
  }

  /** Uploads files as artifacts of a run; gives the run, and where its artifacts are. */
  async logFiles(folder: string, files: Files): Promise<{ readonly runId: string; readonly uri: string }> {
    const { run } = await this.#call<{ run: { info: { run_id: string; artifact_uri: string } } }>(
      'runs/create',
      {
        experiment_id: '0',
      },
    );
    const { run_id: runId, artifact_uri: root } = run.info;
    const uri = `${root}/${folder}`;
    await this.#upload(uri, files);
    return { runId, uri };
  }

  /** Uploads files as a logged model, as MLflow 3 does; gives its id. */
  async logModel(name: string, files: Files): Promise<string> {
    const { model } = await this.#call<{ model: { info: { model_id: string; artifact_uri: string } } }>(
      'logged-models',
      { experiment_id: '0', name },
    );
    await this.#upload(model.info.artifact_uri, files);
    return model.info.model_id;
  }

  /** Makes the next version of a model; gives its number. */
  async register(
    name: string,
    source: string,
    from: { readonly run_id?: string; readonly model_id?: string } = {},
  ): Promise<string> {
    await this.#call('registered-models/create', { name }).catch(() => undefined); // it is there already
    const { model_version: made } = await this.#call<{ model_version: { version: string } }>(
      'model-versions/create',
      { name, source, ...from },
    );
    return made.version;
  }

  /** Uploads files and registers them as the next version. */
  async registerFiles(name: string, files: Files): Promise<string> {
    const { runId, uri } = await this.logFiles('model', files);
    return this.register(name, uri, { run_id: runId });
  }

  async promote(name: string, alias: string, version: string): Promise<void> {
    await this.#call('registered-models/alias', { name, alias, version });
  }

  async #upload(uri: string, files: Files): Promise<void> {
    const root = uri.replace('mlflow-artifacts:/', '/api/2.0/mlflow-artifacts/artifacts/');
    for (const [path, content] of files) {
      await this.#request(`${root}/${path}`, { method: 'PUT', body: Buffer.from(content) });
    }
  }

  async #call<T>(path: string, body: unknown): Promise<T> {
    const answer = await this.#request(`/api/2.0/mlflow/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    return (await answer.json()) as T;
  }

  async #request(path: string, init: RequestInit): Promise<Response> {
    const { url, account } = this.#mlflow;
    const headers = new Headers(init.headers);
    if (account !== undefined) {
      const pair = Buffer.from(`${account.username}:${account.password}`).toString('base64');
      headers.set('authorization', `Basic ${pair}`);
    }
    const answer = await fetch(url + path, { ...init, headers });
    if (!answer.ok) throw new Error(`MLflow answers ${answer.status} to ${path}: ${await answer.text()}`);
    return answer;
  }
}

/** The file MLmodel of a model with these flavours. */
export function mlmodelFile(flavours: Readonly<Record<string, Readonly<Record<string, unknown>>>>): string {
  return JSON.stringify({ artifact_path: 'model', flavors: flavours, mlflow_version: '3.17.2' }, null, 2);
}
