import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import type { Browser, Page } from 'puppeteer-core';
import { Unavailable } from '../cluster/unavailable.ts';
import { findChromium, startBrowser } from './chromium.ts';

// Pages in a real browser, for tests.

/** undefined where no browser can run here: why, and what would make it run, is said on stderr. */
export async function browserOrReason(): Promise<Browser | undefined> {
  try {
    return await startBrowser(await findChromium());
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    console.error(`the tests in a browser are skipped: ${error.message}`);
    return undefined;
  }
}

export interface TabOptions {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
}

/** A page with everything that went wrong in it: what it refused to run or load, what failed, what it asked elsewhere. */
export class Tab implements AsyncDisposable {
  readonly page: Page;
  readonly faults: string[] = [];

  private constructor(page: Page, origin: string) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`script: ${String(error)}`));
    page.on('request', (request) => {
      const { protocol, origin: asked } = new URL(request.url());
      const local = protocol === 'data:' || protocol === 'blob:';
      if (!local && asked !== origin) this.faults.push(`asked ${request.url()}`);
    });
  }

  static async open(browser: Browser, url: string, options: TabOptions = {}): Promise<Tab> {
    const { scheme = 'light', width = 1280 } = options;
    const page = await browser.newPage();
    const tab = new Tab(page, new URL(url).origin);
    await page.setViewport({ width, height: 900 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.evaluateOnNewDocument(
      `addEventListener('securitypolicyviolation', (event) => console.error('refused by policy: ' + event.violatedDirective + ' ' + event.blockedURI));`,
    );
    await page.goto(url, { waitUntil: 'load' });
    return tab;
  }

  /** The value of an expression in the page. */
  async read(expression: string): Promise<unknown> {
    return this.page.evaluate(expression);
  }

  /** The text that a person sees of an element. */
  async text(selector: string): Promise<string> {
    return String(await this.read(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`));
  }

  async waitFor(expression: string): Promise<void> {
    await this.page.waitForFunction(expression, { timeout: 10_000 });
  }

  /** Writes into a field in place of what it holds. */
  async fill(selector: string, text: string): Promise<void> {
    await this.read(`document.querySelector(${JSON.stringify(selector)}).select()`);
    await this.page.focus(selector);
    await this.page.keyboard.press('Backspace');
    await this.page.keyboard.type(text);
  }

  /** What axe-core finds wrong, by the rules of WCAG 2.2 A and AA and its own best practices. */
  async accessibilityProblems(): Promise<readonly string[]> {
    await this.read(axe.source);
    const found = await this.read(`axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => id + ': ' + html.slice(0, 200) + ' ' + failureSummary)))`);
    return found as readonly string[];
  }

  /** A picture of the whole page; kept as a file where SCREENSHOTS names a folder. */
  async picture(name: string): Promise<Uint8Array> {
    const folder = process.env['SCREENSHOTS'];
    if (folder === undefined || folder === '') return this.page.screenshot({ fullPage: true });
    await mkdir(folder, { recursive: true });
    return this.page.screenshot({ fullPage: true, path: `${join(folder, name)}.png` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
  }
}
