import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { trafficSchema, type Traffic } from '#contract/traffic.ts';

export interface TrafficWatch {
  /** The traffic file that holds now; undefined before the first valid one. */
  readonly current: Traffic | undefined;
  close(): void;
}

export interface TrafficListener {
  changed(traffic: Traffic): void;
  /** The file cannot be used; the last good one holds on. */
  failed(message: string): void;
}

/** The kubelet swaps a symlink in the folder, which is watched; the poll is for file systems that tell nobody. */
const POLL_MS = 1000;

/**
 * Reads the traffic file and follows it. A file that vanishes or is invalid changes nothing, and is told once. A valid
 * one holds whatever its generation: the operator's word is the file, also after it was restored from a backup.
 */
export async function watchTraffic(path: string, listener: TrafficListener): Promise<TrafficWatch> {
  const follower = new TrafficFollower(path, listener);
  let reading: Promise<void> | undefined;
  let again = false;
  const refresh = async (): Promise<void> => {
    if (reading !== undefined) {
      again = true;
      return reading;
    }
    reading = follower.read().finally(() => {
      reading = undefined;
      if (again) {
        again = false;
        void refresh();
      }
    });
    return reading;
  };
  await refresh();
  const watcher = watchFolder(dirname(path), () => void refresh());
  const timer = setInterval(() => void refresh(), POLL_MS);
  timer.unref();
  return {
    get current() {
      return follower.current;
    },
    close() {
      watcher?.close();
      clearInterval(timer);
    },
  };
}

class TrafficFollower {
  readonly #path: string;
  readonly #listener: TrafficListener;
  /** What was read last; undefined where there was nothing to read. */
  #text: string | undefined;
  current: Traffic | undefined;

  constructor(path: string, listener: TrafficListener) {
    this.#path = path;
    this.#listener = listener;
  }

  async read(): Promise<void> {
    const text = await readFile(this.#path, 'utf8').catch(() => undefined);
    if (text === this.#text) return;
    this.#text = text;
    const parsed = text === undefined ? 'it cannot be read' : parseTraffic(text);
    if (typeof parsed === 'string') {
      this.#listener.failed(`${this.#path} cannot be used, the last good traffic file holds: ${parsed}`);
    } else if (!isDeepStrictEqual(parsed, this.current)) {
      this.current = parsed;
      this.#listener.changed(parsed);
    }
  }
}

function parseTraffic(text: string): Traffic | string {
  try {
    const parsed = trafficSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  } catch (error) {
    return String(error);
  }
}

/** undefined where the folder is missing or cannot be watched: then the poll is all there is. */
function watchFolder(folder: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
