import { sha256 } from '#contract/canonical.ts';
import type { BundleFiles } from './bundle.ts';
import { onnxModel } from './onnx.ts';

// Small models with the answers of the five systems: what their training writes into model.json's `response`, and a graph
// whose answer can be told by hand. Of pictures: runtime/image/test-pictures.ts.

type Json = Readonly<Record<string, unknown>>;
export type TabularSystem = 'bankchurn' | 'carvision' | 'telecom' | 'creditrisk';

interface TabularInput {
  readonly name: string;
  readonly text?: boolean;
  readonly rest?: Json;
}

interface Described {
  readonly manifest: Json;
  readonly inputs: readonly TabularInput[];
  /** The answer is this input divided by `scale`, or `absent` where it is missing. */
  readonly answer: { readonly input: string; readonly scale: number; readonly absent: number };
}

const number = (name: string, rest: Json = {}): TabularInput => ({ name, rest });
const optional = (name: string, rest: Json = {}): TabularInput => ({
  name,
  rest: { required: false, ...rest },
});
const text = (name: string, rest: Json = {}): TabularInput => ({ name, text: true, rest });
const whole = (min: number, max: number): Json => ({ integer: true, range: { min, max } });

const healthy = { status: { from: 'constant', value: 'healthy' } };
const loaded = { model_loaded: { from: 'modelLoaded' } };
const inFull = {
  ...healthy,
  ...loaded,
  uptime_seconds: { from: 'uptimeSeconds' },
  version: { from: 'version' },
};

export const RESPONSES: Readonly<Record<TabularSystem | 'plant', Json>> = {
  bankchurn: {
    predict: {
      churn_probability: { from: 'probability' },
      churn_prediction: { from: 'prediction' },
      risk_level: { from: 'band' },
      confidence: { from: 'confidence' },
      model_version: { from: 'version' },
      prediction_timestamp: { from: 'timestamp' },
    },
    batch: {
      request: 'customers',
      predictions: 'predictions',
      limit: 1000,
      fields: {
        batch_id: { from: 'requestId' },
        total_customers: { from: 'rows' },
        processing_time_seconds: { from: 'durationSeconds' },
      },
    },
    health: inFull,
    errors: 'detail',
  },
  carvision: {
    predict: { prediction: { from: 'value' } },
    health: { status: { from: 'constant', value: 'ok' } },
    errors: 'detail',
  },
  telecom: {
    predict: { prediction: { from: 'prediction' }, probability_is_ultra: { from: 'probability' } },
    health: { ...healthy, version: { from: 'constant', value: '1.0.0' }, ...loaded },
    errors: 'detail',
  },
  creditrisk: {
    predict: {
      prediction: { from: 'prediction' },
      default_probability: { from: 'probability' },
      status: { from: 'constant', value: 'success' },
    },
    health: { ...healthy, ...loaded, model_name: { from: 'constant', value: 'random_forest_tuned' } },
    modelInfo: {
      model_name: { from: 'constant', value: 'random_forest_tuned' },
      feature_count: { from: 'featureCount' },
      timestamp: { from: 'timestamp' },
      feature_names: { from: 'featureNames' },
    },
    errors: 'detail',
  },
  plant: {
    predict: {
      prediction: { from: 'label' },
      confidence: { from: 'confidence' },
      probabilities: { from: 'probabilities' },
      processing_time: { from: 'durationSeconds' },
    },
    health: inFull,
    errors: 'detail',
  },
};

const BINARY = { task: 'binary-classification' };

const SYSTEMS: Readonly<Record<TabularSystem, Described>> = {
  bankchurn: {
    manifest: {
      ...BINARY,
      name: 'BankChurn',
      decision: {
        output: 'answer',
        threshold: 0.5,
        bands: [{ label: 'LOW', below: 0.3 }, { label: 'MEDIUM', below: 0.7 }, { label: 'HIGH' }],
      },
    },
    inputs: [
      number('CreditScore', whole(300, 850)),
      text('Geography', { values: ['France', 'Spain', 'Germany'] }),
      text('Gender', { values: ['Male', 'Female'] }),
      number('Age', whole(18, 100)),
      optional('Tenure', whole(0, 10)),
      number('Balance', { range: { min: 0 } }),
      number('NumOfProducts', whole(1, 4)),
      number('HasCrCard', whole(0, 1)),
      number('IsActiveMember', whole(0, 1)),
      number('EstimatedSalary', { range: { min: 0 } }),
    ],
    answer: { input: 'Age', scale: 100, absent: 0 },
  },
  carvision: {
    manifest: { task: 'regression', name: 'CarVision', decision: { output: 'answer' } },
    inputs: [
      number('model_year', whole(1990, 2030)),
      text('model'),
      text('condition', { required: false }),
      optional('cylinders', whole(0, 16)),
      text('fuel', { required: false }),
      optional('odometer', { range: { min: 0, max: 1_000_000 } }),
      text('transmission', { required: false }),
      text('type', { required: false }),
      text('paint_color', { required: false }),
      optional('is_4wd', whole(0, 1)),
      text('date_posted', { required: false }),
      optional('days_listed', { integer: true, range: { min: 0 } }),
    ],
    answer: { input: 'odometer', scale: 10, absent: 12_345.5 },
  },
  telecom: {
    manifest: { ...BINARY, name: 'TelecomAI', decision: { output: 'answer', threshold: 0.5 } },
    inputs: ['calls', 'minutes', 'messages', 'mb_used'].map((name) => number(name, { range: { min: 0 } })),
    answer: { input: 'calls', scale: 128, absent: 0 },
  },
  creditrisk: {
    manifest: {
      ...BINARY,
      name: 'CreditRisk',
      decision: { output: 'answer', threshold: 0.5 },
    },
    inputs: [
      number('loan_amnt', { range: { min: 500, max: 40_000 } }),
      number('int_rate', { range: { min: 5, max: 31 } }),
      number('dti'),
      optional('mort_acc', { default: 1 }),
    ],
    answer: { input: 'int_rate', scale: 32, absent: 0 },
  },
};

/** A valid bundle of the system with a golden request; `manifest` replaces fields of model.json. */
export function systemBundle(system: TabularSystem, manifest: Json = {}): BundleFiles {
  const { inputs, answer, manifest: fields } = SYSTEMS[system];
  const shape = ['N', 1];
  const scalar = (name: string, value: number) => ({
    name,
    type: 'float32' as const,
    dims: [1],
    data: [value],
  });
  const model = onnxModel({
    inputs: inputs.map((input) => ({
      name: input.name,
      type: input.text === true ? 'string' : 'float32',
      shape,
    })),
    outputs: [{ name: 'answer', type: 'float32', shape }],
    initializers: [scalar('scale', answer.scale), scalar('absent', answer.absent)],
    nodes: [
      { op: 'IsNaN', inputs: [answer.input], outputs: ['missing'] },
      { op: 'Div', inputs: [answer.input, 'scale'], outputs: ['scaled'] },
      { op: 'Where', inputs: ['missing', 'absent', 'scaled'], outputs: ['answer'] },
    ],
  });
  const golden = Buffer.from(
    JSON.stringify({
      formatVersion: 1,
      rows: [{ input: goldenInput(inputs, answer), output: { answer: [0.5] } }],
    }),
  );
  const file = (bytes: Uint8Array): object => ({ sha256: sha256(bytes), size: bytes.byteLength });
  const whole = {
    formatVersion: 1,
    version: '3',
    files: { 'model.onnx': file(model), 'golden.json': file(golden) },
    inputs: inputs.map((input) => described(input)),
    outputs: [{ name: 'answer', type: 'float32', shape: [null, 1] }],
    golden: 'golden.json',
    response: RESPONSES[system],
    ...fields,
    ...manifest,
  };
  return new Map<string, Uint8Array>([
    ['model.onnx', model],
    ['golden.json', golden],
    ['model.json', Buffer.from(JSON.stringify(whole))],
  ]);
}

function described({ name, text: isText = false, rest }: TabularInput): Json {
  return { name, type: isText ? 'string' : 'float32', shape: [null, 1], ...rest };
}

/** A row whose answer is a half. */
function goldenInput(inputs: readonly TabularInput[], answer: Described['answer']): Json {
  const fill = ({ name, text: isText = false, rest }: TabularInput): string | number => {
    if (name === answer.input) return answer.scale / 2;
    const { values, range } = (rest ?? {}) as { values?: readonly string[]; range?: { min?: number } };
    return isText ? (values?.[0] ?? 'x') : (range?.min ?? 0);
  };
  return Object.fromEntries(inputs.map((input) => [input.name, fill(input)]));
}
