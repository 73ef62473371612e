import { setTimeout as sleep } from 'node:timers/promises';
import { createLoadClient } from '../../../src/load/client.ts';
import { runOpenLoop } from '../../../src/load/open-loop.ts';
import { epochMs } from '../../../src/load/shard/messages.ts';
import { reportOf } from '../../../src/load/shard/report.ts';
import { bodiesOf } from '../../../src/load/source.ts';
import { measureBlock } from '../../../src/load/summary.ts';
import { tokensOf } from '../../../src/load/tokens.ts';

/** One load client of an open loop: base, requests per second, milliseconds, start (milliseconds since the epoch), seed. */
const [base = '', rate = '', duration = '', startsAt = '', seed = ''] = process.argv.slice(2);
const TRIM_MS = 1_000;
const workload = { runKey: seed, model: 'm', prompts: null, promptTokens: 64, maxTokens: 16 };
const client = createLoadClient({
  ...{ baseUrl: base, path: '/v1/completions', connections: 512, deadlineMs: 10_000 },
  expect: { completionTokens: workload.maxTokens },
});
await sleep(Number(startsAt) - epochMs());
const run = await runOpenLoop({
  ...{ client, nextBody: bodiesOf(workload, 'study'), arrivals: 'poisson', ratePerSecond: Number(rate) },
  ...{ durationMs: Number(duration), seed, arm: 'all', block: 0 },
});
const measured = measureBlock(
  { ...run, arm: 'all', block: 0, concurrency: run.mostInFlight, ended: 'complete' },
  TRIM_MS,
);
const answeredMs = run.records.filter(({ valid }) => valid).map(({ endMs, sentMs }) => endMs - sentMs);
const result = { measured, tokens: tokensOf(run.records, workload.maxTokens), answeredMs };
process.stdout.write(JSON.stringify(reportOf(result, { concurrency: run.mostInFlight, lateMs: 0 })));
await client.close();
