export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What the completion needs to know of a command: its words, and what kinds of arguments come in which order. */
export interface CommandShape {
  readonly name: string;
  readonly description: string;
  readonly arguments: readonly ('deployment' | 'revision' | 'file' | 'shell')[];
  readonly options: readonly OptionShape[];
}

export interface OptionShape {
  readonly flags: readonly string[];
  readonly description: string;
  /** What its value is; absent for a switch. */
  readonly value?: 'namespace' | 'revision' | 'file' | readonly string[] | 'other';
}

/** What is asked for at the cursor: ready-made words, or names that only the cluster knows. */
export type Wanted =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'deployment' | 'namespace' | 'file' | 'nothing' }
  | { readonly kind: 'revision'; readonly deployment: string };

export interface Completion {
  readonly wanted: Wanted;
  /** What is typed already at the cursor. */
  readonly prefix: string;
  /** Values of the options before the cursor: --namespace, --context, --kubeconfig. */
  readonly given: Readonly<Record<string, string>>;
}

/** Decides what could come at the last of `words`, which may be empty. */
export function complete(
  words: readonly string[],
  commands: readonly CommandShape[],
  globals: readonly OptionShape[],
): Completion {
  const prefix = words.at(-1) ?? '';
  const line = readLine(words.slice(0, -1), commands, globals);
  const { given, command, positionals, open } = line;
  const options = [...(command?.options ?? []), ...globals];
  const inline = /^(--[a-z-]+)=(.*)$/.exec(prefix);
  if (open !== undefined) return { wanted: valueOf(open, positionals), prefix, given };
  if (inline !== null) {
    const option = options.find((it) => it.flags.includes(inline[1] ?? ''));
    const wanted: Wanted = option === undefined ? { kind: 'nothing' } : valueOf(option, positionals);
    return { wanted, prefix: inline[2] ?? '', given };
  }
  if (prefix.startsWith('-')) {
    const candidates = options.flatMap(({ flags, description }) => {
      const long = flags.find((flag) => flag.startsWith('--'));
      return long === undefined ? [] : [{ value: long, description }];
    });
    return { wanted: { kind: 'words', candidates }, prefix, given };
  }
  return { wanted: positional(command, positionals, commands), prefix, given };
}

interface Line {
  readonly given: Readonly<Record<string, string>>;
  readonly command: CommandShape | undefined;
  readonly positionals: readonly string[];
  /** An option whose value is at the cursor. */
  readonly open: OptionShape | undefined;
}

function readLine(
  words: readonly string[],
  commands: readonly CommandShape[],
  globals: readonly OptionShape[],
): Line {
  const given: Record<string, string> = {};
  const positionals: string[] = [];
  let command: CommandShape | undefined;
  let open: OptionShape | undefined;
  for (const word of words) {
    if (open !== undefined) {
      given[key(open)] = word;
      open = undefined;
      continue;
    }
    const [flag = '', value] = word.startsWith('--') ? word.split(/=(.*)/s) : [word];
    const option = [...(command?.options ?? []), ...globals].find((it) => it.flags.includes(flag));
    if (option?.value !== undefined) {
      if (value === undefined) open = option;
      else given[key(option)] = value;
    } else if (!word.startsWith('-')) {
      if (command === undefined) command = commands.find((it) => it.name === word);
      else positionals.push(word);
    }
  }
  return { given, command, positionals, open };
}

function key(option: OptionShape): string {
  return (option.flags.find((flag) => flag.startsWith('--')) ?? '').slice(2);
}

function valueOf(option: OptionShape, positionals: readonly string[]): Wanted {
  switch (option.value) {
    case undefined:
    case 'other':
      return { kind: 'nothing' };
    case 'revision':
      return { kind: 'revision', deployment: positionals[0] ?? '' };
    case 'namespace':
    case 'file':
      return { kind: option.value };
    default:
      return { kind: 'words', candidates: option.value.map((value) => ({ value, description: '' })) };
  }
}

function positional(
  command: CommandShape | undefined,
  positionals: readonly string[],
  commands: readonly CommandShape[],
): Wanted {
  if (command === undefined) {
    return {
      kind: 'words',
      candidates: commands.map(({ name, description }) => ({ value: name, description })),
    };
  }
  const kind = command.arguments[positionals.length];
  switch (kind) {
    case undefined:
      return { kind: 'nothing' };
    case 'revision':
      return { kind, deployment: positionals[0] ?? '' };
    case 'shell':
      return {
        kind: 'words',
        candidates: ['bash', 'zsh', 'fish', 'kubectl'].map((value) => ({ value, description: '' })),
      };
    default:
      return { kind };
  }
}
