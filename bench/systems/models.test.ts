import { expect, test } from 'vitest';
import { measureFigure, type FigureLine } from '../figure.ts';
import { models } from './models.ts';

const METRICS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  bankchurn: { auc: 0.8574, f1_weighted: 0.815 },
  creditrisk: { auc: 0.69, auc_cv: 0.712, auc_cv_low: 0.701, auc_cv_high: 0.723 },
  plant: { accuracy: 0.94, accuracy_low: 0.891, accuracy_high: 0.971 },
};

async function line(name: string, metrics = METRICS): Promise<FigureLine> {
  const figures = models((system) => Promise.resolve(metrics[system] ?? {}));
  return measureFigure(
    figures.find((figure) => figure.name.startsWith(name)) ?? expect.unreachable(`no figure ${name}`),
  );
}

test('the credit model is judged by cross-validation, not by one split, and shown with its interval', async () => {
  expect(await line('creditrisk')).toMatchObject({
    figure: 'creditrisk: auc_cv on the real data',
    value: 0.712,
    holds: true,
    detail: { interval: [0.701, 0.723], auc: 0.69 },
  });
  const worse = { creditrisk: { auc: 0.7, auc_cv: 0.672, auc_cv_low: 0.66, auc_cv_high: 0.69 } };
  expect((await line('creditrisk', worse)).holds).toBe(false);
});

test('the accuracy on pictures is shown with its interval', async () => {
  expect(await line('plant')).toMatchObject({ value: 0.94, detail: { interval: [0.891, 0.971] } });
});

test('a metric or a bound that the bundle lacks is an error that names it', async () => {
  expect((await line('creditrisk', { creditrisk: { auc_cv: 0.7 } })).error).toContain('auc_cv_low');
});

test('a model is trained once for all of its figures', async () => {
  const trained: string[] = [];
  const figures = models((system) => {
    trained.push(system);
    return Promise.resolve(METRICS[system] ?? {});
  });
  for (const figure of figures.filter(({ name }) => name.startsWith('bankchurn'))) await figure.measure();
  expect(trained).toEqual(['bankchurn']);
});
