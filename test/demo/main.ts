import { mkdir } from 'node:fs/promises';
import { delimiter, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { down, Unavailable } from '#test/cluster/index.ts';
import { repositoryFolder } from '#test/cluster/paths.ts';
import { prepareGround, type Ground } from './ground.ts';
import { NAME, NAMESPACE } from './manifests.ts';
import { Narrator } from './narrator.ts';
import { demonstratePortfolio } from './portfolio/index.ts';
import { tell } from './story.ts';
import { realData, type Version } from './training.ts';

const USAGE = `make demo [ARGS=--down]

Trains the bank churn model, serves it on a local cluster, rolls out a second version under traffic and takes it back.

  --portfolio   all five models instead, with MLflow, MinIO, Prometheus, a page of links and a load, until Ctrl-C
  --for=60s     with --portfolio: until so many seconds are over
  --keep        leave the cluster running (the default); make cluster-down ends it
  --down        end the cluster afterwards

WINDLASS_DATA=FILE_OR_FOLDER trains on real data (Churn.csv); without it, data is made up.`;

const FOLDER = repositoryFolder('.demo');

async function demo(keep: boolean): Promise<void> {
  const data = await realData(process.env['WINDLASS_DATA']);
  await mkdir(FOLDER, { recursive: true });
  const bundle = (version: string): string => relative(process.cwd(), join(FOLDER, `${NAME}-${version}`));
  const versions: readonly [Version, Version] = [
    { version: '1', bundle: bundle('1'), seed: 42 },
    { version: '2', bundle: bundle('2'), seed: 7 },
  ];
  const environment = { ...process.env };
  const narrator = new Narrator(process.env);
  narrator.chapter('Train the model, start a cluster, build the images');
  narrator.say(
    `The data: ${data ?? 'made up (WINDLASS_DATA=Churn.csv trains on real data)'}. The first time, the cluster and the images` +
      ' are built from source: up to 15 minutes. Later: seconds.',
  );
  const ground = await prepareGround(versions, data, {
    cluster: narrator.lane('cluster'),
    images: narrator.lane('images'),
    training: narrator.lane('training'),
  });
  process.env['KUBECONFIG'] = ground.cluster.kubeconfig;
  process.env['PATH'] = [ground.bin, environment['PATH']].join(delimiter);
  const manifest = relative(process.cwd(), join(FOLDER, `${NAME}.yaml`));
  await tell({ ground, narrator, versions, manifest });
  narrator.chapter('Done');
  if (keep) goOn(narrator, ground, manifest);
  else await down({ progress: narrator.lane('cluster') });
  narrator.say(`The demo took ${narrator.total}.`);
}

function goOn(narrator: Narrator, ground: Ground, manifest: string): void {
  narrator.say(`The cluster goes on running until: make cluster-down. To look around:

  export KUBECONFIG=${ground.cluster.kubeconfig}
  export PATH=${ground.bin}:$PATH

  kubectl windlass status ${NAME} -n ${NAMESPACE}        # a tree of what runs, and the next step
  kubectl windlass predict ${NAME} -n ${NAMESPACE}       # ask the model
  kubectl delete modelrollback --all -n ${NAMESPACE}     # take the undo back: version 2 serves again
  kubectl explain modeldeployment.spec                # every field
  $EDITOR ${manifest} && kubectl apply -f ${manifest}   # break something; what serves goes on serving
`);
}

interface Arguments {
  readonly keep: boolean;
  readonly portfolio: boolean;
  readonly forMs: number | undefined;
}

/** undefined: the usage is printed. */
function readArguments(): Arguments | undefined {
  const flag = { type: 'boolean' } as const;
  const options = { keep: flag, down: flag, portfolio: flag, for: { type: 'string' }, help: flag } as const;
  try {
    const { values } = parseArgs({ options });
    const seconds = values.for === undefined ? undefined : Number(values.for.replace(/s$/, ''));
    if (values.help === true || (seconds !== undefined && !(seconds > 0))) return undefined;
    return {
      keep: values.down !== true,
      portfolio: values.portfolio === true,
      forMs: seconds === undefined ? undefined : seconds * 1000,
    };
  } catch {
    return undefined;
  }
}

const wanted = readArguments();
if (wanted === undefined) {
  console.log(USAGE);
  process.exitCode = process.argv.includes('--help') ? 0 : 2;
} else {
  try {
    if (wanted.portfolio) await demonstratePortfolio(new Narrator(process.env), wanted);
    else await demo(wanted.keep);
  } catch (error) {
    if (error instanceof Unavailable) console.error(`\nNo cluster can run here: ${error.message}.`);
    else console.error(`\nThe demo stopped: ${error instanceof Error ? error.message : String(error)}`);
    console.error('The cluster, where there is one, goes on running: make cluster-down ends it.');
    process.exitCode = 1;
  }
  // A timer or a kept connection must not hold the terminal.
  process.exit();
}
