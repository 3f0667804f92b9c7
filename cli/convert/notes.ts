import type { Path } from './documents.ts';

/** Something about one field that whoever converts it has to know. */
export interface Note {
  /** `lost`: it is not in the result. `check`: it is, and a person should look at it. */
  readonly kind: 'lost' | 'check';
  readonly path: Path;
  readonly message: string;
}

/** What becomes of the fields of an InferenceService: each is taken over, or said not to be. */
export class Notes {
  readonly all: Note[] = [];
  readonly #known = new Set<string>();

  /** These fields, and all below them, are in the result, or need not be. */
  taken(...paths: readonly Path[]): void {
    for (const path of paths) this.#known.add(key(path));
  }

  lost(path: Path, message: string): void {
    this.taken(path);
    this.all.push({ kind: 'lost', path, message });
  }

  check(path: Path, message: string): void {
    this.all.push({ kind: 'check', path, message });
  }

  /** Adds a note for every field that nothing was said of: what is new in KServe is not lost in silence. */
  addUntold(value: unknown, path: Path = []): void {
    if (this.#known.has(key(path))) return;
    const above = `${key(path)}/`;
    const told = [...this.#known].some((known) => known.startsWith(path.length === 0 ? '' : above));
    if (!told && path.length > 0) return this.lost(path, 'has no counterpart in a ModelDeployment');
    if (typeof value !== 'object' || value === null) return;
    for (const [name, field] of Object.entries(value)) this.addUntold(field, [...path, name]);
  }
}

function key(path: Path): string {
  return path.map((part) => String(part).replaceAll('/', '~1')).join('/');
}
