import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { windlassTrain } from './bundles.ts';
import { csvRows } from './csv.ts';

/** Customers of another country's bank: older, and those with much money leave. */
export interface ShiftedCustomers {
  /** A CSV file's text, as training reads it. */
  readonly csv: string;
  /** Bodies of POST /predict. */
  readonly requests: readonly string[];
}

const ROWS = 4000;
const REQUESTS = 400;
const OLDER_BY = 22;
const OLDEST = 100;
const RICH = 60_000;

/** Made from what `windlass-train generate` makes, so that the old model has something to be wrong about. */
export async function shiftedCustomers(folder: string): Promise<ShiftedCustomers> {
  const file = join(folder, 'customers.csv');
  await windlassTrain(['generate', 'bankchurn', '--out', file, '--rows', String(ROWS), '--seed', '5']);
  const rows = csvRows(await readFile(file, 'utf8')).map(shifted);
  const columns = Object.keys(rows[0] ?? {});
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  const csv = lines.map((cells) => cells.join(',')).join('\n');
  return { csv: `${csv}\n`, requests: rows.slice(0, REQUESTS).map(requestOf) };
}

type Row = Readonly<Record<string, string>>;

function shifted(row: Row): Row {
  const age = Math.min(OLDEST, Number(row['Age']) + OLDER_BY);
  const leaves = Number(row['Balance']) > RICH;
  return { ...row, Age: String(age), Exited: leaves ? '1' : '0' };
}

const UNASKED = new Set(['RowNumber', 'CustomerId', 'Surname', 'Exited']);

function requestOf(row: Row): string {
  const fields = Object.entries(row).flatMap(([name, value]) => {
    if (UNASKED.has(name)) return [];
    const number = Number(value);
    return [[name, value === '' ? null : Number.isNaN(number) ? value : number] as const];
  });
  return JSON.stringify(Object.fromEntries(fields));
}
