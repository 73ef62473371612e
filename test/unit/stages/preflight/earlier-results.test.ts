import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readBaseline } from '../../../../src/stages/preflight/earlier-results.ts';
import { aReport } from '../../report/fixtures.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'baseline-'));
});
afterEach(() => rm(root, { recursive: true }));

const read = async (text: string) => {
  await writeFile(join(root, 'result.json'), text);
  return readBaseline({ path: 'result.json', root });
};

describe('the recorded baseline of an input', () => {
  it('is the result of an earlier run', async () => {
    expect(await read(JSON.stringify(aReport()))).toEqual(aReport());
  });

  it.each([
    ['no JSON', 'no', 'which is not a result.json of the gate: The stored result cannot be read: it is not JSON.'],
    ['the constants of the runbook', '{"pattern":"pattern1","usedForVerdict":false}', 'its schema is missing'],
    [
      'a run without a benchmark',
      JSON.stringify(aReport({ benchmark: null })),
      'which cannot be a baseline: its verdict is',
    ],
  ])('is refused when it is %s', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'bad-baseline', message: expect.stringContaining(message) });
  });

  it('is not read from outside of the workspace', async () => {
    await expect(readBaseline({ path: '../result.json', root })).rejects.toMatchObject({
      message: expect.stringContaining('"baseline" is "../result.json", which lies outside of the workspace'),
    });
  });
});
