import { randomBytes } from 'node:crypto';
import { CRON_JOB, isKubeError, JOB, type CronJob } from '#operator/kube/index.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { document } from '../format/index.ts';
import type { Io } from '../io.ts';
import type { GlobalOptions } from '../options.ts';
import { readDeployment } from '../read.ts';
import { withSession, type Session } from '../session.ts';
import { createObject } from '../write.ts';
import { foreign, manualJob, refusal } from './job.ts';

export interface RetrainOptions extends GlobalOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly output?: 'json' | 'yaml';
}

/** Starts the Job of spec.retraining by hand; never writes the ModelDeployment. */
export function retrain(name: string, options: RetrainOptions, io: Io): Promise<ExitCode> {
  return withSession(options, io.signal, async (session) => {
    const deployment = await readDeployment(session, name);
    const refused = refusal(deployment, options.force === true);
    if (refused !== undefined) throw refused;
    const dryRun = options.dryRun === true;
    const template = await readTemplate(session, name);
    const notOurs = foreign(template, deployment);
    if (notOurs !== undefined) throw notOurs;
    const job = await createObject(session, JOB, manualJob(template, randomBytes(4).toString('hex')), {
      dryRun,
    });
    if (options.output !== undefined) {
      io.out(`${document(options.output, job)}\n`);
      return EXIT.ok;
    }
    const { namespace } = session;
    io.out(
      dryRun
        ? `Job ${job.metadata.name} would train a new model (dry run: nothing has been written)\n`
        : `Job ${job.metadata.name} trains a new model for ${name}\nNext: kubectl logs -f job/${job.metadata.name} -n ${namespace}\n  or: kubectl windlass status ${name} -n ${namespace}\n`,
    );
    return EXIT.ok;
  });
}

async function readTemplate({ kube, call, namespace }: Session, name: string): Promise<CronJob> {
  try {
    return await kube.get(CRON_JOB, { namespace, name }, call);
  } catch (error) {
    if (!isKubeError(error, 'notFound')) throw error;
    throw new CliError(`CronJob ${name}, which the operator makes of spec.retraining, is not there yet`, {
      hint: `see what is in its way: kubectl windlass status ${name} -n ${namespace}`,
    });
  }
}
