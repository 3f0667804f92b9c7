import { parse } from 'yaml';
import { z } from 'zod';
import { bundlePathSchema } from '#contract/artifact.ts';
import { FailureError } from '#contract/failure.ts';

/** The file that makes a folder an MLflow model. */
export const MLMODEL_FILE = 'MLmodel';
export const MAX_MLMODEL_BYTES = 1024 * 1024;

const schema = z.object({
  flavors: z.record(z.string(), z.unknown()),
});
const onnxFlavourSchema = z.object({ data: bundlePathSchema.default('model.onnx') });

/** The graph's path in an MLflow model's folder. Throws InvalidManifest where it has no ONNX flavour; `name` is the file's in messages. */
export function graphOfMlmodel(text: string, name: string): string {
  const parsed = schema.safeParse(yaml(text, name));
  if (!parsed.success) {
    throw new FailureError(
      'InvalidManifest',
      `${name} is not what MLflow writes: it has no map of flavors. Log the model again.`,
    );
  }
  const { flavors } = parsed.data;
  const names = Object.keys(flavors);
  if (!names.includes('onnx')) {
    const found =
      names.length === 0
        ? 'none'
        : names
            .map((flavour) => flavour.slice(0, 64))
            .slice(0, 8)
            .join(', ');
    throw new FailureError(
      'InvalidManifest',
      `${name} has no ONNX flavour (flavours: ${found}). Log the model with mlflow.onnx, or register a bundle with windlass-train register.`,
    );
  }
  const flavour = onnxFlavourSchema.safeParse(flavors['onnx'] ?? {});
  if (flavour.success) return flavour.data.data;
  throw new FailureError(
    'InvalidManifest',
    `${name} names no file below its folder as the data of its ONNX flavour. Log the model again with mlflow.onnx.`,
  );
}

function yaml(text: string, name: string): unknown {
  try {
    return parse(text, { logLevel: 'error', maxAliasCount: 50 });
  } catch {
    throw new FailureError('InvalidManifest', `${name} is not YAML. Log the model again.`);
  }
}
