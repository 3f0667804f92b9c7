import { Arena, type Contender, type Sample } from '../arena.ts';
import type { Workload } from '../load/index.ts';
import { bigNetwork, churnModel, poolingModel, smallNetwork, type BenchModel } from '../models/index.ts';
import { TITLES, type ServerKind } from '../servers.ts';
import {
  asBinary,
  churnBatches,
  churnRows,
  churnTensors,
  networkRows,
  pictureTensors,
} from '../workloads.ts';

/** One line of the table. */
export interface Cell {
  readonly model: string;
  readonly server: ServerKind;
  readonly connections: number;
  readonly batch: number;
  readonly format: 'JSON' | 'binary';
  readonly result: Sample | { readonly failed: string };
}

/** One workload, the servers that can answer it, and the numbers of connections it is sent over. */
interface Course {
  readonly servers: readonly ServerKind[];
  readonly batch: number;
  readonly format: Cell['format'];
  readonly connections: readonly number[];
  readonly workload: Workload;
}

const ALL: readonly ServerKind[] = ['windlass', 'node-await', 'starlette', 'fastapi', 'mlserver'];
const BUT_MLSERVER = ALL.filter((kind) => kind !== 'mlserver');
const CONNECTIONS = [1, 8, 64, 512];
/** Large batches are asked for by few callers at once. */
const FEW = [8];

interface Section {
  readonly model: () => Promise<BenchModel>;
  readonly courses: (graph: string) => Promise<readonly Course[]>;
}

const SECTIONS: readonly Section[] = [
  {
    model: churnModel,
    async courses(graph) {
      const json = (servers: readonly ServerKind[], batch: number, workload: Workload): Course => {
        return { servers, batch, format: 'JSON', connections: batch === 1 ? CONNECTIONS : FEW, workload };
      };
      return [
        json(BUT_MLSERVER, 1, await churnRows(graph)),
        json(['mlserver'], 1, await churnTensors(graph)),
        json(BUT_MLSERVER, 32, await churnBatches(graph, 32)),
        json(['mlserver'], 32, await churnTensors(graph, 32)),
        json(BUT_MLSERVER, 1000, await churnBatches(graph, 1000)),
        json(['mlserver'], 1000, await churnTensors(graph, 1000)),
      ];
    },
  },
  {
    model: smallNetwork,
    async courses(graph) {
      const courses: Course[] = [];
      for (const batch of [1, 32, 1000]) {
        const connections = batch === 1 ? CONNECTIONS : FEW;
        const workload = await networkRows(graph, batch);
        courses.push(
          { servers: ALL, batch, format: 'JSON', connections, workload },
          { servers: ['windlass'], batch, format: 'binary', connections, workload: asBinary(workload) },
        );
      }
      return courses;
    },
  },
  {
    model: bigNetwork,
    async courses(graph) {
      const workload = await networkRows(graph);
      return [{ servers: ALL, batch: 1, format: 'JSON', connections: [1, 64], workload }];
    },
  },
  {
    model: poolingModel,
    async courses(graph) {
      const workload = await pictureTensors(graph);
      return [
        { servers: ALL, batch: 1, format: 'JSON', connections: FEW, workload },
        { servers: ['windlass'], batch: 1, format: 'binary', connections: FEW, workload: asBinary(workload) },
      ];
    },
  },
];

/** Measures every cell once, servers in turn for each number of connections. */
export async function measureCells(seconds: number, say: (line: string) => void): Promise<readonly Cell[]> {
  const cells: Cell[] = [];
  for (const { model: load, courses } of SECTIONS) {
    const model = await load();
    for (const course of await courses(model.graph)) {
      const measured = await Arena.within((arena) => run(arena, model, course, seconds, say));
      cells.push(...measured);
    }
  }
  return cells;
}

async function run(
  arena: Arena,
  model: BenchModel,
  course: Course,
  seconds: number,
  say: (line: string) => void,
): Promise<readonly Cell[]> {
  const files = await arena.workload(course.workload);
  const contenders: Contender[] = [];
  for (const kind of course.servers) contenders.push({ server: await arena.start(kind, model), files });
  const cells: Cell[] = [];
  for (const connections of course.connections) {
    for (const contender of contenders) {
      const server = contender.server.kind;
      const { batch, format } = course;
      const result = await arena
        .load(contender, { connections, seconds })
        .catch((error: unknown) => ({ failed: error instanceof Error ? error.message : String(error) }));
      const found = 'failed' in result ? result.failed : `${Math.round(result.requestsPerSecond)}/s`;
      say(`${model.title}, ${TITLES[server]}, ${connections} x ${batch} ${format}: ${found}`);
      cells.push({ model: model.title, server, connections, batch, format, result });
    }
  }
  return cells;
}
