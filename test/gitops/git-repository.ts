import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { run } from '#test/cluster/command.ts';
import { removeAtEnd } from '#test/cluster/watchdog.ts';

/** The machine's own Git settings (signing, hooks, default branch) must not matter. */
const SETTINGS = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];

/** A Git repository in a folder, which Argo CD reads by a file URL: what a push brings to a server, a commit brings here. */
export class GitRepository {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<GitRepository> {
    const folder = await mkdtemp(join(tmpdir(), 'windlass-git-'));
    removeAtEnd(folder);
    const repository = new GitRepository(folder);
    await repository.#git('init', '--quiet', '--initial-branch=main');
    return repository;
  }

  get url(): string {
    return `file://${this.#folder}`;
  }

  /** Makes the files what `files` says, each a manifest, or gone where it is undefined; returns the commit. */
  async commit(message: string, files: Readonly<Record<string, object | undefined>>): Promise<string> {
    for (const [path, content] of Object.entries(files)) {
      const file = join(this.#folder, path);
      await mkdir(dirname(file), { recursive: true });
      if (content === undefined) await rm(file);
      else await writeFile(file, stringify(content));
    }
    await this.#git('add', '--all');
    await this.#git(...SETTINGS, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
    return (await this.#git('rev-parse', 'HEAD')).trim();
  }

  #git(...args: readonly string[]): Promise<string> {
    return run('git', args, {
      cwd: this.#folder,
      env: { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
    });
  }

  async delete(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
