import { expect, it } from 'vitest';
import { retrainingSettingsSchema } from './retraining-settings.ts';

const takes = (schedule: string): boolean =>
  retrainingSettingsSchema.safeParse({ schedule, job: { image: 'train:1' } }).success;

it.each(['0 3 * * 0', '*/5 * * * *', '10/15 0-23 1-5,31 jan-MAR,12 mon-FRI', '0 3 ? * ?', '@daily'])(
  'the schedule %j is one',
  (schedule) => {
    expect(takes(schedule)).toBe(true);
  },
);

it.each([
  '99 99 * * *',
  '60 3 * * *',
  '0 24 * * *',
  '0 3 0 * *',
  '0 3 * 13 *',
  '0 3 * * 7',
  '*/0 * * * *',
  '0 3 L * *',
  '0 3 * * moon',
  '0 3 * *',
  '@fortnightly',
])('the schedule %j is refused before an API server has to', (schedule) => {
  expect(takes(schedule)).toBe(false);
});
