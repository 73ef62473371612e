import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RequestRecord } from '../../../src/load/types.ts';
import { leftRequests, requestLog } from '../../../src/pipeline/request-log.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import { texts } from '../stages/fakes.ts';

let folder = '';
let said: ProgressEvent[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'request-log-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const record = (change: Partial<RequestRecord> = {}): RequestRecord => ({
  ...{ arm: 'all', block: 0, intendedMs: 1_000, sentMs: 1_000.5, firstByteMs: 1_010, endMs: 1_012.25 },
  ...{ firstTokenMs: null, lastTokenMs: null, status: 200, valid: true, errorKind: null, errorText: null },
  ...{
    promptTokens: 640,
    completionTokens: 16,
    cachedTokens: null,
    bodyBytes: 3_100,
    textChars: 80,
    pickerHeader: true,
  },
  ...change,
});
const open = (outputDir = folder) =>
  requestLog({
    outputDir,
    emit: (event) => said.push(event),
    redact: (text) => text.replaceAll('secret', '***'),
  });
const lines = async () => {
  const text = await readFile(join(folder, 'requests.jsonl'), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RequestRecord);
};

it('has a line for each request of each block, with times from the start of the first', async () => {
  const log = open();
  await log.keep({ startMs: 1_000, records: [record(), record({ endMs: 1_013 })] });
  await log.keep({ startMs: 2_000, records: [record({ block: 1, intendedMs: 2_000, errorText: 'a secret' })] });
  await log.finish();
  const found = await lines();
  expect(found.map(({ block, intendedMs, endMs }) => [block, intendedMs, endMs])).toEqual([
    [0, 0, 12.25],
    [0, 0, 13],
    [1, 1_000, 12.25],
  ]);
  expect(found[2]?.errorText).toBe('a ***');
  expect(await readdir(folder)).toEqual(['requests.jsonl']);
});

it('takes a block of more requests than a call may have arguments', async () => {
  const log = open();
  await log.keep({ startMs: 0, records: Array.from({ length: 150_000 }, () => record()) });
  await log.finish();
  expect(await lines()).toHaveLength(150_000);
});

it('is a warning once where it cannot be written, and never an error', async () => {
  const file = join(folder, 'a-file');
  await writeFile(file, '');
  const log = open(file);
  await log.keep({ startMs: 0, records: [record()] });
  await log.keep({ startMs: 0, records: [record()] });
  await log.finish();
  expect(texts(said)).toEqual([expect.stringContaining(`the requests were not written to ${file}: `)]);
});

it('of a run that was killed is finished by another process, and a refusal is a warning', async () => {
  // The process that was killed is this one, which has to close what it has open.
  const killed = [open(), open()] as const;
  await killed[0].keep({ startMs: 1_000, records: [record()] });
  const emit = (event: ProgressEvent) => void said.push(event);
  await leftRequests({ outputDir: folder, emit }).finish();
  expect(await readdir(folder)).toEqual(['requests.jsonl']);
  expect(await lines()).toHaveLength(1);
  await killed[1].keep({ startMs: 1_000, records: [record()] });
  await rm(join(folder, 'requests.jsonl'));
  await mkdir(join(folder, 'requests.jsonl'));
  await leftRequests({ outputDir: folder, emit }).finish();
  expect(texts(said)).toEqual([expect.stringContaining('stay in an unnamed file of')]);
  for (const log of killed) await log.finish();
});
