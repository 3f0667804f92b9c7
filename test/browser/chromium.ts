import { launch, type Browser } from 'puppeteer-core';
import { which } from '../cluster/command.ts';
import { installPackages } from '../cluster/host/requirements.ts';
import { Unavailable } from '../cluster/unavailable.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** This machine's Chromium, from Debian where it has none. Throws Unavailable where it cannot be had. */
export async function findChromium(): Promise<string> {
  const chosen = process.env['CHROMIUM'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const known = await firstOnPath();
  if (known !== undefined) return known;
  try {
    await installPackages(['chromium'], (line) => console.log(line));
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable(
      `chromium cannot be installed: ${String(error)}`,
      'install Chromium, or name it in CHROMIUM',
    );
  }
  const installed = await firstOnPath();
  if (installed !== undefined) return installed;
  throw new Unavailable('the package chromium has no program of that name', 'name it in CHROMIUM');
}

async function firstOnPath(): Promise<string | undefined> {
  const found = await Promise.all(NAMES.map(which));
  return found.find((path) => path !== undefined);
}

/** Without a window, GPU or profile of anybody's; as root Chromium has no sandbox. */
export function startBrowser(executablePath: string): Promise<Browser> {
  return launch({
    executablePath,
    headless: true,
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      '--font-render-hinting=none',
    ],
  });
}
