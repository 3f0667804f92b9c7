import { expect, test } from 'vitest';
import { matchRoute, ROUTES } from './routes.ts';

test.each([
  ['/predict', '/predict', 'predict'],
  ['/predict?verbose=1', '/predict', 'predict'],
  ['/predict_batch', '/predict_batch', 'batch'],
  ['/v2', '/v2', undefined],
  ['/v2/models/churn', '/v2/models/:name', undefined],
  ['/v2/models/churn/ready', '/v2/models/:name/ready', undefined],
  ['/v2/models/churn/infer', '/v2/models/:name/infer', 'v2'],
  ['/v2/models/churn/versions/3/infer?x', '/v2/models/:name/versions/:version/infer', 'v2'],
])('%s is %s', (url, template, prediction) => {
  expect(matchRoute(url)).toMatchObject({ template, prediction });
});

test('names in a path are decoded, broken ones are taken as they are', () => {
  expect(matchRoute('/v2/models/a%20b/versions/%32/infer')).toMatchObject({ model: 'a b', version: '2' });
  expect(matchRoute('/v2/models/%zz/infer')).toMatchObject({ model: '%zz' });
});

test.each([
  '/predict/',
  '/v2/',
  '/v2/models',
  '/v2/models//infer',
  '/v2/models/a/b/c/d',
  '',
  '*',
  '//predict',
])('%s is nothing', (url) => {
  expect(matchRoute(url)).toBeUndefined();
});

test('every listed route is matched by its own template', () => {
  for (const { template, methods } of ROUTES) {
    expect(matchRoute(template.replaceAll(/:\w+/g, 'x'))).toMatchObject({ template, methods });
  }
});
