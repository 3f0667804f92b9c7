import { TITLES } from '../servers.ts';
import type { Cell } from './cells.ts';

/** docs/performance.md, from what was measured. */
export function page(
  facts: readonly (readonly [string, string])[],
  cells: readonly Cell[],
  seconds: number,
): string {
  return [
    '# How fast it is',
    '',
    '`make bench` measures and writes this page. `make figures ONLY=runtime` measures what is promised, each as a ratio within one run.',
    '',
    '![Requests a second of each server](performance.svg)',
    '',
    '## What it was measured on',
    '',
    ...table(
      ['', ''],
      facts.map((fact) => [...fact]),
    ),
    '',
    '## How',
    '',
    `- Each server is pinned to core 0 with one thread for ONNX Runtime; the load is a process of its own on core 1. Each line is ${seconds} s after a warm-up of 0.7 s. Compare lines of one table: another machine, or a busy one, changes them all.`,
    '- The load (`bench/runtime/load/`) is HTTP/1.1 over raw sockets that stay open; each connection asks again when it has its answer. It rotates over 2,048 different rows, because a forest is quicker with equal ones; 3x224x224 tensors over eight. Every status is looked at and a sample of the answers is compared with what ONNX Runtime gives: a wrong answer or an error makes the line `failed`.',
    '- `CPU` is what the server took of its core for a request, from `/proc/PID/stat`. `load` is the share of its own core that the load took: near 100 %, the load is the limit, and the server could do more.',
    '- The peers (`bench/runtime/peers/`) are written as their users write them, with what their documentation recommends: uvloop, httptools, one worker, pydantic models for FastAPI, a custom runtime for MLServer, the same ONNX file. MLServer speaks only the V2 protocol, so the churn model is asked there by tensors instead of named features.',
    '- `node:http, await session.run` is Node without a framework and with the public API of onnxruntime-node, a run for each request.',
    '',
    '## Copies of large tensors',
    '',
    COPIES,
    '',
    ...[...new Set(cells.map(({ model }) => model))].flatMap((model) => section(model, cells)),
  ].join('\n');
}

/** From profiles that were taken by hand (node --cpu-prof, --heap-prof), not by `make bench`. */
const COPIES =
  "A CPU profile of the 3x224x224 model with 8 connections and binary tensors (600 KB a body, 10,604 requests) shows one copy of the body in JavaScript: the 64 KB chunks of the socket into one buffer that is allocated once, by Content-Length, which takes 36 us or 8 % of a request, and stays because Node gives a server's socket no way to read into memory that is there already. Nothing else copies it: tensors are views of that buffer, and rows of 16,384 elements or more run where they lie, a request a run, since to copy rows of several requests into one run took 9 % of the time and its memory 5 % more. A sampling heap profile of a load of the same kind has nothing the size of a body in the JavaScript heap, which stays at 29 MB with 16 MB of buffers beside it.";

const COLUMNS = [
  'server',
  'format',
  'batch',
  'connections',
  'requests/s',
  'rows/s',
  'p50 ms',
  'p99 ms',
  'CPU us/request',
  'load',
];

function section(model: string, cells: readonly Cell[]): readonly string[] {
  const rows = cells.filter((cell) => cell.model === model).map(row);
  return [`## ${model}`, '', ...table(COLUMNS, rows), ''];
}

function row({ server, format, batch, connections, result }: Cell): readonly string[] {
  const first = [TITLES[server], format, String(batch), String(connections)];
  if ('failed' in result)
    return [...first, `failed: ${result.failed.replaceAll(/[|\n]/g, ' ').slice(0, 160)}`];
  const { requestsPerSecond, cpuMicroseconds, report } = result;
  return [
    ...first,
    count(requestsPerSecond),
    count(requestsPerSecond * batch),
    report.latency.p50Ms.toPrecision(3),
    report.latency.p99Ms.toPrecision(3),
    count(cpuMicroseconds),
    `${Math.round(report.clientCpuShare * 100)} %`,
  ];
}

function count(value: number): string {
  return (value < 10 ? Number(value.toPrecision(2)) : Math.round(value)).toLocaleString('en');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${head.map((_, i) => cells[i] ?? '').join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i >= 2 ? '---:' : '---'))), ...rows.map(line)];
}
