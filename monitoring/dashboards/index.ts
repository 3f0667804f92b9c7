import type { Dashboard } from '@grafana/schema/dist/esm/raw/dashboard/x/Dashboard_types.gen';
import { fleet } from './fleet.ts';
import { model } from './model.ts';
import { rollout } from './rollout.ts';

/** By the name of their file. */
export const dashboards: Readonly<Record<string, Dashboard>> = { fleet, model, rollout };
