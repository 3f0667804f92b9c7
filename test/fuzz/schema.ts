/** What a generator knows of the model that it writes requests for. */
export interface TargetSchema {
  /** The model's name in the fuzzer's own list. */
  readonly model: string;
  /** Its name in the V2 protocol. */
  readonly name: string;
  readonly version: string;
  /** The field that holds a batch's rows. */
  readonly rows: string;
  readonly inputs: readonly TargetInput[];
  readonly outputs: readonly string[];
  /** Rows run together along the first dimension. */
  readonly merging: boolean;
}

export interface TargetInput {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | null)[];
  readonly required: boolean;
  readonly integer: boolean;
  readonly range?: { readonly min?: number; readonly max?: number };
  readonly values?: readonly (string | number)[];
}

interface ModelInfo {
  readonly name: string;
  readonly version: string;
  readonly inputs: readonly TargetInput[];
  readonly outputs: readonly { readonly name: string }[];
  readonly batching: { readonly merging: boolean };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, { readonly post?: { readonly requestBody?: RequestBody } }>>;
}
interface RequestBody {
  readonly content?: Readonly<
    Record<string, { readonly schema?: { readonly required?: readonly string[] } }>
  >;
}

/** Asks a server what it serves. */
export async function readSchema(url: string, model: string): Promise<TargetSchema> {
  const info = (await (await fetch(`${url}/model/info`)).json()) as ModelInfo;
  const openApi = (await (await fetch(`${url}/openapi.json`)).json()) as OpenApi;
  const body = openApi.paths['/predict_batch']?.post?.requestBody?.content?.['application/json'];
  return {
    model,
    name: info.name,
    version: info.version,
    rows: body?.schema?.required?.[0] ?? 'instances',
    inputs: info.inputs,
    outputs: info.outputs.map(({ name }) => name),
    merging: info.batching.merging,
  };
}
