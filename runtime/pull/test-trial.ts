/** The process of a trial load, without the command line around it. Test support. */
import { runTrialLoad, TRIAL_LOAD_VARIABLE } from './trial-child.ts';

process.exitCode = await runTrialLoad(process.env[TRIAL_LOAD_VARIABLE] ?? '');
