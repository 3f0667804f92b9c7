import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from 'puppeteer-core';
import { LEAVERS, withReference } from '#runtime/drift/testing.ts';
import { classifierBundle, Folder, post, startServer, type TestServer } from '#runtime/testing.ts';
import { browserOrReason, Tab } from '#test/browser/index.ts';

const browser: Browser | undefined = await browserOrReason();
const people = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ Age: 50 + (i % 30), Country: 'Spain' }));

describe.skipIf(browser === undefined)('the drift report in a browser', () => {
  let folder: Folder;
  let server: TestServer;
  const open = (options: Parameters<typeof Tab.open>[2] = {}): Promise<Tab> => {
    if (browser === undefined) throw new Error('there is no browser');
    return Tab.open(browser, `${server.url}/drift`, options);
  };

  beforeAll(async () => {
    folder = await Folder.create(withReference(classifierBundle(), LEAVERS));
    server = await startServer(folder.path, { driftMinSamples: 200, maxWaitMs: 60_000 });
  });
  afterAll(async () => {
    await server.stop();
    await folder[Symbol.asyncDispose]();
    await browser?.close();
  });

  test('says that there are too few rows, before there are', async () => {
    await using tab = await open();
    expect(await tab.text('.statement')).toBe('Too few rows yet: 0 of 200 in the last hour.');
    expect(await tab.accessibilityProblems()).toEqual([]);
    expect(tab.faults).toEqual([]);
    await tab.picture('drift-empty');
  });

  describe('after rows that are unlike the training data', () => {
    beforeAll(async () => {
      for (let i = 0; i < 6; i++) await post(`${server.url}/predict_batch`, { customers: people(50) });
    });

    test.each([
      ['light', 1280],
      ['dark', 1280],
      ['light', 360],
      ['dark', 360],
    ] as const)('is right and complete in a %s window of %d pixels', async (scheme, width) => {
      await using tab = await open({ scheme, width });
      expect(await tab.text('.statement')).toBe(
        '2 of 2 features have drifted (Age, Country), and so has the prediction.',
      );
      expect(await tab.accessibilityProblems()).toEqual([]);
      expect(tab.faults).toEqual([]);
      expect(await tab.read('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      // The style is in force: the policy names its digest.
      expect(await tab.read(`getComputedStyle(document.querySelector('.statement')).borderLeftWidth`)).toBe(
        '6px',
      );
      await tab.picture(`drift-${scheme}-${width}`);
    });

    test('shows a bar for each share, as long as it is great', async () => {
      await using tab = await open();
      const widths = `(kind) => [...document.querySelectorAll('#feature-0 rect.' + kind)].map((rect) => Number(rect.getAttribute('width')))`;
      const before = (await tab.read(`(${widths})('before')`)) as number[];
      const now = (await tab.read(`(${widths})('now')`)) as number[];
      expect(await tab.text('#feature-0 h4')).toBe('Age');
      // 20 to 29, 30 to 39, 40 to 49, 50 to 59, over.
      expect(before.map((width) => width > 0)).toEqual([true, true, true, true, false]);
      expect(now.slice(0, 3)).toEqual([0, 0, 0]);
      expect((now[4] ?? 0) / (now[3] ?? 1)).toBeGreaterThan(1);
    });

    test('is used by keyboard alone: to the content, to a feature, to its numbers', async () => {
      await using tab = await open();
      await tab.page.keyboard.press('Tab');
      expect(await tab.read('document.activeElement.innerText')).toBe('Skip to the content');
      await tab.page.focus('.overview a');
      await tab.page.keyboard.press('Enter');
      await tab.waitFor(`location.hash === '#feature-0'`);
      await tab.page.focus('#feature-0 summary');
      await tab.page.keyboard.press('Enter');
      await tab.waitFor(`document.querySelector('#feature-0 details').open`);
      expect(await tab.text('#feature-0 details')).toContain('20 to 29');
    });
  });
});
