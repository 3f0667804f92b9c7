import type { Additions, StructuralSchema } from './structural-schema.ts';

const says = (description: string): StructuralSchema => ({ description });

/** A digest's pattern has a length that OpenAPI cannot see, and CEL's cost estimate needs. */
const digest = (description: string): StructuralSchema => ({ description, maxLength: 64 });

function tensor(path: string): Additions {
  return {
    [`${path}.name`]: says('The tensor’s name in the graph.'),
    [`${path}.type`]: says('The type of its elements.'),
    [`${path}.shape`]: says('Its dimensions; null where any size fits, as for the batch.'),
    [`${path}.shape.items`]: says('A dimension’s size, or null.'),
    [`${path}.description`]: says('What it means.'),
  };
}

const input = 'spec.model.inputs.items';

/** What the schemas of contract/ do not say, because they are not written for the API server. */
export const revisionAdditions: Additions = {
  'spec.artifact.format': says('bundle: a folder with model.json; onnx: a graph, which is its own schema.'),
  'spec.artifact.uri': says(
    'Where the bytes are: a folder where it ends in "/", behind the MLflow server for mlflow-artifacts:/.',
  ),
  'spec.artifact.sha256': digest('Digest of the only file, or of the list of files and digests.'),
  'spec.artifact.size': says('Bytes of all files together.'),
  'spec.artifact.files': says('Every file, with the bytes that it must have.'),
  'spec.artifact.files.items': says('One file.'),
  'spec.artifact.files.items.path': says('Path inside the bundle; the object’s base name for one object.'),
  'spec.artifact.files.items.size': says('Its size in bytes.'),
  'spec.artifact.files.items.sha256': digest('Its digest.'),
  'spec.artifact.files.items.etag': says('The ETag that the store gave for it.'),
  'spec.artifact.files.items.versionId': says('The store’s version of the object.'),
  'spec.artifact.graph': says('The graph’s path where no model.json says it.'),
  'spec.artifact.registry': says('The version of a registered model (MLflow) that it is.'),
  'spec.artifact.registry.name': says('The registered model’s name.'),
  'spec.artifact.registry.version': says('The version’s number.'),
  ...tensor(input),
  ...tensor('spec.model.outputs.items'),
  [`${input}.unit`]: says('Its unit, such as EUR or years.'),
  [`${input}.required`]: says('Whether a request must have it.'),
  [`${input}.integer`]: says('Whether its value must be a whole number.'),
  [`${input}.range`]: says('Values that are accepted.'),
  [`${input}.range.min`]: says('Least value.'),
  [`${input}.range.max`]: says('Greatest value.'),
  [`${input}.values`]: says('The only values that are accepted.'),
  [`${input}.values.items`]: says('A string or a number.'),
  [`${input}.default`]: says('A value to show in a form; the graph itself fills in what is missing.'),
};
