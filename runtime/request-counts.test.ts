import { expect, test } from 'vitest';
import { RequestCounts } from './request-counts.ts';

test('requests are counted by method, route and status, and their times by bounds that include theirs', () => {
  const counts = new RequestCounts([0.01, 0.1]);
  counts.finished('POST', '/predict', 200, 0.01);
  counts.finished('POST', '/predict', 422, 0.05);
  counts.finished('POST', '/predict', 200, 3);
  counts.finished('BREW', '/predict', 405, 0);
  const lines = counts.text().split('\n');
  expect(lines).toEqual(
    expect.arrayContaining([
      '# TYPE http_requests_total counter',
      'http_requests_total{method="POST",path="/predict",status="200"} 2',
      'http_requests_total{method="POST",path="/predict",status="422"} 1',
      'http_requests_total{method="other",path="/predict",status="405"} 1',
      '# TYPE http_request_duration_seconds histogram',
      'http_request_duration_seconds_bucket{le="0.01",method="POST",path="/predict"} 1',
      'http_request_duration_seconds_bucket{le="0.1",method="POST",path="/predict"} 2',
      'http_request_duration_seconds_bucket{le="+Inf",method="POST",path="/predict"} 3',
      'http_request_duration_seconds_count{method="POST",path="/predict"} 3',
    ]),
  );
  expect(counts.stats()['POST /predict']).toEqual({
    total_requests: 3,
    errors: 1,
    error_rate: 1 / 3,
    avg_latency_ms: 1020,
  });
});

test('the routes that predict are summed up for the operator, by requests, errors of the server and times', () => {
  const counts = new RequestCounts([0.01, 0.1]);
  counts.finished('POST', '/predict', 200, 0.005);
  counts.finished('POST', '/predict_batch', 503, 0.05);
  counts.finished('POST', '/v2/models/:name/infer', 422, 0.05);
  counts.finished('POST', '/v2/models/:name/versions/:version/infer', 500, 9);
  counts.finished('GET', '/predict', 405, 0);
  counts.finished('GET', '/health', 503, 0);
  expect(counts.predictions()).toEqual({
    requests: 4,
    serverErrors: 2,
    latency: { bounds: [0.01, 0.1], counts: [1, 2, 1] },
  });
});
