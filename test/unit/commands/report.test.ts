import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cli } from '../../../src/cli.ts';
import { REPORT_FORMATS } from '../../../src/commands/report.ts';
import { aComparedReport, aReport } from '../report/fixtures.ts';
import { command } from './command.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function saved(name: string, report = aReport()): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(report));
  return file;
}

async function said(run: (write: (text: string) => void) => Promise<number>): Promise<[number, string]> {
  const lines: string[] = [];
  const code = await run((text) => lines.push(text));
  return [code, lines.join('\n')];
}

describe('report', () => {
  it.each(REPORT_FORMATS)('renders a saved result as %s', async (format) => {
    const file = await saved('result.json', aComparedReport());
    const [code, text] = await said((write) => command(['report', file, '--format', format], {}, write));
    expect(code).toBe(0);
    expect(text.length).toBeGreaterThan(100);
    if (/json|llm-d|benchmark-action/.test(format)) expect(() => JSON.parse(text)).not.toThrow();
  });

  it('says all that is wrong with its arguments at once', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await command(['report', '--format', 'pdf'], {}, () => {})).toBe(3);
    const told = stderr.mock.calls.map(([text]) => String(text)).join('');
    stderr.mockRestore();
    expect(told).toContain('Give one file');
    expect(told).toContain('Format "pdf" is not known; allowed: text, comment');
  });

  it('refuses a file that is none of ours, and one that is not there', async () => {
    const file = join(folder, 'other.json');
    await writeFile(file, '{"schema":"other"}');
    await expect(command(['report', file], {}, () => {})).rejects.toMatchObject({ code: 'result-unreadable' });
    await expect(command(['report', join(folder, 'none')], {}, () => {})).rejects.toMatchObject({ code: 'no-file' });
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect([await cli(['report', file]), await cli(['compare', file, file])]).toEqual([3, 3]);
    expect(String(stderr.mock.calls[0]?.[0])).toContain('its schema is "other"');
    stderr.mockRestore();
  });
});

describe('compare', () => {
  it('puts two runs side by side', async () => {
    const [a, b] = [
      await saved('a.json'),
      await saved('b.json', aReport({ tool: { name: 'tpu-serving-gate', version: '9.9.9' } })),
    ];
    const [code, text] = await said((write) => command(['compare', a, b], {}, write));
    expect(code).toBe(0);
    expect(text).toMatch(/gate: .* → 9\.9\.9/);
    expect(text).toContain('no difference is shown');
  });

  it('wants two files', async () => {
    const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    expect(await command(['compare', 'one'], {}, () => {})).toBe(3);
    stderr.mockRestore();
  });
});
