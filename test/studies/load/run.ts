import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { epochMs } from '../../../src/load/shard/messages.ts';
import { mergeReports, type ShardReport } from '../../../src/load/shard/report.ts';
import type { SourceResult } from '../../../src/load/source.ts';
import { LIMITS } from '../../../src/verdict/limits.ts';
import { mean, percentile } from '../../../src/verdict/statistics.ts';

/**
 * `npm run test:load`: four load clients of 250 requests a second against one of 1,000, on one server, in turn. Needs a
 * machine with four cores that does nothing else; a run that was starved says so and proves nothing.
 */
const RATE = 1_000;
const DURATION_MS = 8_000;
const ROUNDS = 5;
const LIMIT = 0.02;
/** From the call to the common start: the processes start meanwhile. */
const LEAD_MS = 3_000;

async function measure(base: string, shards: number, round: number): Promise<SourceResult> {
  const startsAt = epochMs() + LEAD_MS;
  const reports = await Promise.all(
    Array.from({ length: shards }, async (_, shard): Promise<ShardReport> => {
      const words = [base, RATE / shards, DURATION_MS, startsAt, `${round}/${shards}/${shard}`].map(String);
      const client = join(import.meta.dirname, 'client.ts');
      const { stdout } = await promisify(execFile)(process.execPath, [client, ...words], { maxBuffer: 1e8 });
      return JSON.parse(stdout) as ShardReport;
    }),
  );
  return mergeReports({ arm: 'all', block: 0 }, reports);
}

const FIGURES: Readonly<Record<string, (result: SourceResult) => number>> = {
  'requests per second': ({ measured }) => measured.window.requestsPerSecond,
  'p50 latency, ms': ({ measured }) => percentile(measured.latenciesMs, 0.5),
  'p95 latency, ms': ({ measured }) => percentile(measured.latenciesMs, 0.95),
  'p99 latency, ms': ({ measured }) => percentile(measured.latenciesMs, 0.99),
};

const server = spawn(process.execPath, [join(import.meta.dirname, 'server.ts')], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const port = await new Promise<string>((resolve) =>
  server.stdout.once('data', (data: Buffer) => resolve(String(data).trim())),
);
const base = `http://127.0.0.1:${port}`;
const taken: Record<1 | 4, SourceResult[]> = { 1: [], 4: [] };
for (let round = 0; round < ROUNDS; round += 1) {
  for (const shards of round % 2 === 0 ? ([1, 4] as const) : ([4, 1] as const)) {
    taken[shards].push(await measure(base, shards, round));
  }
}
server.stdin.end();
const selves = Object.values(taken).flatMap((results) => results.map(({ measured }) => measured.run.self));
const busiest = Math.max(...selves.map(({ eventLoopUtilization }) => eventLoopUtilization));
const stalled = Math.max(...selves.map(({ stalledMs }) => stalledMs)) / DURATION_MS;
let apart = 0;
for (const [name, figure] of Object.entries(FIGURES)) {
  const [one, four] = [mean(taken[1].map(figure)), mean(taken[4].map(figure))];
  apart = Math.max(apart, Math.abs(four / one - 1));
  process.stdout.write(
    `${name.padEnd(22)} 1 × ${RATE}: ${one.toFixed(1)}   4 × ${RATE / 4}: ${four.toFixed(1)}   ${(100 * (four / one - 1)).toFixed(2)} %\n`,
  );
}
const isStarved = busiest > LIMITS.eventLoopUtilization || stalled > LIMITS.stalledShare;
const outcome = isStarved ? 'starved: this proves nothing' : apart > LIMIT ? 'too far apart' : 'equal';
process.stdout.write(
  `busiest event loop ${(100 * busiest).toFixed(0)} %, stalled for ${(100 * stalled).toFixed(1)} %; ${outcome}\n`,
);
process.exitCode = isStarved ? 2 : apart > LIMIT ? 1 : 0;
