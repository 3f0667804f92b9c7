import type { Command } from 'commander';
import type { ConvertOptions } from '../convert/command.ts';
import { EXAMPLES } from '../examples.ts';
import { EXIT_HELP } from '../exit.ts';
import type { InitOptions } from '../init/command.ts';
import { predict } from '../predict/command.ts';
import type { PredictOptions } from '../predict/command.ts';
import type { PushOptions } from '../push/command.ts';
import { duration, output } from './option.ts';
import type { Host } from './option.ts';

/** Commands about the model itself: try it, publish it, write its first manifest. */
export function addModels(host: Host): void {
  addPredict(host);
  addPush(host);
  addInit(host);
  addConvert(host);
}

function addPredict({ program, io, finish }: Host): void {
  program
    .command('predict')
    .summary('ask the model, through the API server')
    .description(
      'Sends a request to the stable Service through the API server: no port-forward, no ingress. ' +
        'Prints the answer, and which revision gave it (on standard error).',
    )
    .argument('<NAME>', 'a ModelDeployment')
    .option('-d, --data <json>', 'the request: JSON, @FILE or - for standard input (default: an example)')
    .option('--batch', 'POST /predict_batch; a bare list of rows is wrapped as the model expects it')
    .addOption(duration('--timeout <duration>', 'how long to wait for the answer', 30_000, '30s'))
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.predict}\n\n${EXIT_HELP}`)
    .action(async (name: string, _options: object, command: Command) => {
      finish(await predict(name, command.optsWithGlobals<PredictOptions>(), io));
    });
}

function addPush({ program, io, finish }: Host): void {
  program
    .command('push')
    .summary('upload a model bundle to S3')
    .description(
      'Checks a bundle (model.json and the digest of every file) and uploads it, model.json last, so that ' +
        'a half-uploaded bundle is never one. Keys come from AWS_* or a profile.',
    )
    .argument('<DIR>', 'the bundle’s folder, as the training code wrote it')
    .argument('<URI>', 's3://BUCKET/PREFIX/')
    .option('--endpoint-url <url>', 'an S3-compatible store (default: AWS_ENDPOINT_URL)')
    .option('--region <name>', 'its region (default: AWS_REGION)')
    .option('--force', 'change a bundle in place that is there already')
    .addOption(output('json', 'yaml'))
    .addHelpText('after', `\n${EXAMPLES.push}`)
    .action(async (dir: string, uri: string, _options: object, command: Command) => {
      const { pushBundle } = await import('../push/command.ts'); // the S3 client is large
      finish(await pushBundle(dir, uri, command.optsWithGlobals<PushOptions>(), io));
    });
}

function addInit({ program, io, finish }: Host): void {
  program
    .command('init')
    .summary('a commented manifest from a model bundle')
    .description(
      'Reads and checks a model as the operator does, and writes a ModelDeployment for it: steps, shadow, checks from ' +
        'what model.json says, memory from the estimate of the graph, each with a comment that says why and how to change it.',
    )
    .argument(
      '<FROM>',
      'a bundle’s folder, an .onnx file, s3://BUCKET/PREFIX/, s3://BUCKET/KEY.onnx or models:/NAME@ALIAS',
    )
    .option('--name <name>', 'what to call it (default: the model’s name)')
    .option('--uri <uri>', 'for a folder: where it is, or will be, in S3 or in MLflow (models:/NAME@ALIAS)')
    .option('--secret <name>', 'the Secret with the keys of the store, for spec.model.credentials')
    .option('--output <file>', 'write to a file instead of standard output')
    .option('--force', 'overwrite that file')
    .option('--endpoint-url <url>', 'an S3-compatible store (default: AWS_ENDPOINT_URL)')
    .option('--region <name>', 'its region (default: AWS_REGION)')
    .addHelpText('after', `\n${EXAMPLES.init}`)
    .action(async (from: string, _options: object, command: Command) => {
      const { init } = await import('../init/command.ts'); // the S3 client is large
      finish(await init(from, command.optsWithGlobals<InitOptions>(), io));
    });
}

function addConvert({ program, io, finish }: Host): void {
  program
    .command('convert')
    .summary('ModelDeployments from KServe’s InferenceServices')
    .description(
      'Reads InferenceServices with ONNX models (serving.kserve.io/v1beta1) and writes commented ModelDeployments. What has ' +
        'no counterpart is named on standard error with its line, and in the result’s comments. Asks no cluster.',
    )
    .requiredOption(
      '-f, --filename <file>',
      'the manifests, or - for standard input; Secrets and service accounts in it are read too',
    )
    .option('--secret <name>', 'the Secret with the keys of the store, for spec.model.credentials')
    .option(
      '--file <path>',
      'the graph below the storage path (default: model.onnx; of a Triton repository NAME/1/model.onnx; "" for a bundle)',
    )
    .option('--bucket <name>', 'the bucket of storage.path, where the manifest does not say it')
    .addHelpText('after', `\n${EXAMPLES.convert}`)
    .action(async (_options: object, command: Command) => {
      const { convertFile } = await import('../convert/command.ts'); // few ever need it
      finish(await convertFile(command.optsWithGlobals<ConvertOptions>(), io));
    });
}
