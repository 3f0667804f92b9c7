import { expect, test } from 'vitest';
import { mlflowFromEnvironment, mlflowFromSecret } from './connection.ts';

const encoded = (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString('base64')]),
  );
const read = (values: Readonly<Record<string, string>>) =>
  mlflowFromSecret(encoded(values), 'Secret churn/models');
const url = { MLFLOW_TRACKING_URI: 'https://mlflow.example.com/team/\n' };

test.each([
  [{}, {}],
  [
    { MLFLOW_TRACKING_USERNAME: 'ann', MLFLOW_TRACKING_PASSWORD: 'p\n', MLFLOW_TRACKING_TOKEN: 't' },
    { credentials: { by: 'password', username: 'ann', password: 'p' } },
  ],
  [{ MLFLOW_TRACKING_TOKEN: 't' }, { credentials: { by: 'token', token: 't' } }],
])('%j is an access', (values, access) => {
  expect(read({ ...url, ...values })).toEqual({ url: 'https://mlflow.example.com/team', ...access });
});

test.each([
  [{}, 'There is no MLFLOW_TRACKING_URI in Secret churn/models'],
  [{ MLFLOW_TRACKING_URI: 'mlflow:5000' }, 'is not the URL of an MLflow server'],
  [{ MLFLOW_TRACKING_URI: 'sqlite:///a.db' }, 'is not the URL of an MLflow server'],
  [{ MLFLOW_TRACKING_URI: 'http://ann:hidden@mlflow/' }, '(host mlflow) may have no user, password'],
  [{ ...url, MLFLOW_TRACKING_USERNAME: 'ann' }, 'MLFLOW_TRACKING_USERNAME but no MLFLOW_TRACKING_PASSWORD'],
  [{ ...url, 'ca.crt': 'x' }, 'holds no PEM certificate'],
])('%j is refused', (values, message) => {
  const attempt = (): unknown => read(values);
  expect(attempt).toThrow(message);
  expect(attempt).not.toThrow('hidden');
});

test('the environment of pods names a server as a Secret does', () => {
  expect(mlflowFromEnvironment({ MLFLOW_TRACKING_URI: 'http://mlflow:5000' }, 'env')).toEqual({
    url: 'http://mlflow:5000',
  });
  expect(() => mlflowFromEnvironment({}, 'spec.serving.pod.env')).toThrow('in spec.serving.pod.env');
});
