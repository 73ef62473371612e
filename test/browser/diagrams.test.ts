import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fences, pages } from '../checks/fences.ts';
import { chromiumPath } from './chromium.ts';

const DIAGRAMS = (await pages()).flatMap(([name, text]) =>
  fences(text, 'mermaid').map((diagram): [string, string] => [name, diagram]),
);

/** What a page with Mermaid on it has. */
interface WithMermaid {
  mermaid: { initialize(options: object): void; render(id: string, text: string): Promise<{ svg: string }> };
}

describe('a diagram of the pages', () => {
  let browser: Browser;
  let page: Page;
  beforeAll(async () => {
    // In CI its steps stand in the log; a missing Mermaid is a failure.
    const script = execFileSync(join(import.meta.dirname, '../../scripts/mermaid'), { encoding: 'utf8' }).trim();
    browser = await chromium.launch({
      executablePath: chromiumPath() ?? '',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
    page = await browser.newPage();
    await page.setContent('<!doctype html><main></main>');
    await page.addScriptTag({ path: script });
  });
  afterAll(() => browser?.close());

  const draw = (text: string) =>
    page.evaluate(async (diagram) => {
      const { mermaid } = globalThis as unknown as WithMermaid;
      mermaid.initialize({ startOnLoad: false });
      return (await mermaid.render('diagram', diagram)).svg;
    }, text);

  it('is there', () => {
    expect(DIAGRAMS.length).toBeGreaterThan(1);
  });

  it.each(DIAGRAMS)('of %s is drawn by Mermaid: %s', async (_, diagram) => {
    const svg = await draw(diagram);
    expect(svg).toMatch(/^<svg /);
    expect(svg).not.toContain('Syntax error');
  });

  it('that Mermaid cannot read fails', async () => {
    await expect(draw('flowchart LR\n  a -->')).rejects.toThrow(/Parse error/);
  });
});
