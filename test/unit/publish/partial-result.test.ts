import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { partialResult } from '../../../src/publish/partial-result.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { aReport } from '../report/fixtures.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partial-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const same = (text: string) => text;
const read = async () => parseReport(await readFile(join(folder, 'out/result.json'), 'utf8'));

describe('the result of a run that goes on', () => {
  it('is the newest report when all writes are done, and nothing else is left in the folder', async () => {
    const partial = partialResult(join(folder, 'out'), same);
    for (let index = 0; index < 50; index += 1) partial.write(aReport({ reasons: [`${index}`] }));
    await partial.settled();
    expect((await read()).reasons).toEqual(['49']);
    expect(await readdir(join(folder, 'out'))).toEqual(['result.json']);
  });

  it('is whole at every moment', async () => {
    const partial = partialResult(join(folder, 'out'), same);
    partial.write(aReport());
    await partial.settled();
    let going = true;
    const writing = (async () => {
      for (let index = 0; index < 40; index += 1) {
        partial.write(aReport({ reasons: ['x'.repeat(100_000)] }));
        await partial.settled();
      }
      going = false;
    })();
    let looks = 0;
    while (going) {
      await read();
      looks += 1;
    }
    await writing;
    expect(looks).toBeGreaterThan(5);
  });

  it('has no secret in it', async () => {
    const partial = partialResult(join(folder, 'out'), (text) => text.replaceAll('hunter22', '***'));
    partial.write(aReport({ reasons: ['hunter22'] }));
    await partial.settled();
    expect((await read()).reasons).toEqual(['***']);
  });

  it('has no text that looks like a token, even one that nobody registered', async () => {
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const partial = partialResult(join(folder, 'out'), same);
    partial.write(aReport({ reasons: [`a pod printed ${token}`] }));
    await partial.settled();
    expect(await readFile(join(folder, 'out/result.json'), 'utf8')).not.toContain(token);
  });

  it('never fails the run where it cannot be written', async () => {
    await writeFile(join(folder, 'out'), 'a file is in the way');
    const partial = partialResult(join(folder, 'out'), same);
    partial.write(aReport());
    await expect(partial.settled()).resolves.toBeUndefined();
  });
});
