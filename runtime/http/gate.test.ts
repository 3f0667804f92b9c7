import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Admission } from './admission.ts';
import { Gate } from './gate.ts';
import { NodeCaller } from './node-caller.ts';

const MEGABYTE = 1_000_000;

let gate: Gate;
let refused: number;

beforeEach(() => {
  refused = 0;
  gate = new Gate({
    admission: new Admission({ maxWaitMs: 200 }),
    maxHeldBytes: 3 * MEGABYTE,
    backlog: () => undefined,
    refused: () => refused++,
    warn: () => undefined,
  });
});

afterEach(() => gate.close());

/** A request with a body of so many bytes, of which its head says so many. */
function arrive(declared: number, bytes = declared) {
  const request = new IncomingMessage(new Socket());
  if (declared > 0) request.headers['content-length'] = String(declared);
  const response = new ServerResponse(request);
  const caller = new NodeCaller(request, response);
  const problem = gate.enter(0, caller) ?? gate.hold(0, caller, bytes);
  return { problem, request, response };
}

test('bodies are held until they are answered, not until they have been read', () => {
  const first = arrive(2 * MEGABYTE);
  expect(first.problem).toBeUndefined();
  first.request.emit('close');
  const second = arrive(2 * MEGABYTE);
  expect(second.problem).toMatchObject({ status: 503, code: 'Overloaded' });
  expect(second.problem?.message).toContain(
    'hold 2000000 bytes, and 2000000 more would pass the limit of 3000000',
  );
  expect(refused).toBe(1);
  first.response.emit('close');
  expect(arrive(2 * MEGABYTE).problem).toBeUndefined();
});

test.each([
  ['came in chunks', 0],
  ['was compressed', 100_000],
])('a body that %s counts with what it has become', (_, declared) => {
  const first = arrive(declared, 2 * MEGABYTE);
  expect(first.problem).toBeUndefined();
  expect(arrive(declared, 2 * MEGABYTE).problem).toMatchObject({ status: 503 });
  expect(arrive(2 * MEGABYTE).problem).toMatchObject({ status: 503 });
  first.response.emit('close');
  expect(arrive(declared, 2 * MEGABYTE).problem).toBeUndefined();
});

test('one body is let in however large it is, and small ones always are', () => {
  expect(arrive(10 * MEGABYTE).problem).toBeUndefined();
  expect(arrive(10_000).problem).toBeUndefined();
  expect(arrive(0, 10_000).problem).toBeUndefined();
});

test('a body that comes in chunks counts while it grows, and once', () => {
  const first = arrive(2 * MEGABYTE);
  expect(first.problem).toBeUndefined();
  const chunked = new IncomingMessage(new Socket());
  const second = new NodeCaller(chunked, new ServerResponse(chunked));
  expect(gate.enter(0, second)).toBeUndefined();
  expect(gate.hold(0, second, 0.9 * MEGABYTE)).toBeUndefined();
  expect(gate.hold(0, second, 0.95 * MEGABYTE)).toBeUndefined();
  expect(gate.hold(0, second, 1.1 * MEGABYTE)).toMatchObject({ status: 503 });
  first.response.emit('close');
  expect(gate.hold(0, second, 1.1 * MEGABYTE)).toBeUndefined();
});

test('bodies that grow together are not all refused: what one that was refused had sent makes room', () => {
  const growing = () => {
    const request = new IncomingMessage(new Socket());
    const caller = new NodeCaller(request, new ServerResponse(request));
    expect(gate.enter(0, caller)).toBeUndefined();
    return caller;
  };
  const [first, second] = [growing(), growing()];
  expect(gate.hold(0, first, 1.4 * MEGABYTE)).toBeUndefined();
  expect(gate.hold(0, second, 1.4 * MEGABYTE)).toBeUndefined();
  expect(gate.hold(0, second, 1.8 * MEGABYTE)).toMatchObject({ status: 503 });
  expect(gate.hold(0, first, 1.8 * MEGABYTE)).toBeUndefined();
});
