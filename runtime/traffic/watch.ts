import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
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

/** Reads the traffic file and follows it. A file that vanishes or is invalid changes nothing. */
export async function watchTraffic(path: string, listener: TrafficListener): Promise<TrafficWatch> {
  let current: Traffic | undefined;
  let lastText = '';
  let reading: Promise<void> | undefined;
  let again = false;
  const read = async (): Promise<void> => {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined || text === lastText) return;
    lastText = text;
    const parsed = parseTraffic(text);
    if (typeof parsed === 'string') {
      listener.failed(`${path} cannot be used, the last good traffic file holds: ${parsed}`);
    } else if (parsed.generation !== current?.generation || parsed.stable.url !== current.stable.url) {
      current = parsed;
      listener.changed(parsed);
    }
  };
  const refresh = async (): Promise<void> => {
    if (reading !== undefined) {
      again = true;
      return reading;
    }
    reading = read().finally(() => {
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
      return current;
    },
    close() {
      watcher?.close();
      clearInterval(timer);
    },
  };
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
