import { createRequire } from 'node:module';
import { nextBodies } from '../../../src/load/bodies.ts';
import { createLoadClient } from '../../../src/load/client.ts';
import { runBlock, runFixed } from '../../../src/load/closed-loop.ts';
import { runOpenLoop } from '../../../src/load/open-loop.ts';
import type { RequestRecord } from '../../../src/load/types.ts';
import { percentile } from '../../../src/verdict/statistics.ts';

/** One measurement in a process of its own, so that its processor time and memory are its own. Prints JSON. */
const [what = '', base = '', ...rest] = process.argv.slice(2);
const BODY = Buffer.from(JSON.stringify({ model: 'm', prompt: 'word '.repeat(150), max_tokens: 16 }));

const client = (path: string, connections: number, streaming = false) =>
  createLoadClient({
    baseUrl: base,
    path,
    connections,
    deadlineMs: 120_000,
    expect: { completionTokens: 16 },
    ...(streaming ? { streaming: true, onGap: () => {} } : {}),
  });
const cpuMs = (from: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1_000;
};

async function closed(connections: number, durationMs: number) {
  const load = client('/fast', connections);
  const block = (ms: number) =>
    runBlock({ client: load, concurrency: connections, nextBody: () => BODY, arm: 'all', block: 0, durationMs: ms });
  await block(500);
  const from = process.cpuUsage();
  const { records } = await block(durationMs);
  const spent = cpuMs(from);
  await load.close();
  return { requests: records.length, valid: records.filter(({ valid }) => valid).length, cpuMs: spent };
}

/** What the client adds to each latency: the server reports as prompt tokens the microseconds that it took itself. */
function addedOf(records: readonly RequestRecord[]) {
  const added = records.flatMap(({ valid, sentMs, endMs, promptTokens }) =>
    valid && promptTokens !== null ? [endMs - sentMs - promptTokens / 1_000] : [],
  );
  return {
    ...{ requests: records.length, valid: added.length },
    ...{ addedP50Ms: percentile(added, 0.5), addedP99Ms: percentile(added, 0.99) },
  };
}

async function open(ratePerSecond: number, durationMs: number) {
  const load = client('/wait?ms=50', 2_000);
  const run = (ms: number) =>
    runOpenLoop({
      ...{ client: load, nextBody: () => BODY, arrivals: 'constant', ratePerSecond, durationMs: ms },
      ...{ seed: 'b', arm: 'all', block: 0 },
    });
  await run(500);
  const from = process.cpuUsage();
  const { records } = await run(durationMs);
  const spent = cpuMs(from);
  await load.close();
  return { ...addedOf(records), cpuShare: spent / durationMs };
}

/** A closed loop of prompts as long as a context window, each made for its request: 400 kB a body. */
async function long(connections: number, promptTokens: number, serverMs: number) {
  const load = client(`/wait?ms=${serverMs}`, connections);
  const options = { api: 'completions', model: 'm', maxTokens: 16, fixedLength: true } as const;
  const block = (seed: string, durationMs: number) =>
    runBlock({
      nextBody: nextBodies({ seed, prompts: null, promptTokens }, options),
      ...{ client: load, concurrency: connections, arm: 'all', block: 0, durationMs, rampMs: serverMs },
    });
  await block('warm', serverMs);
  const from = process.cpuUsage();
  const { records } = await block('measured', 3 * serverMs);
  const spent = cpuMs(from);
  await load.close();
  return { ...addedOf(records), cpuShare: spent / (4 * serverMs) };
}

async function streams(count: number, chunks: number, gapMs: number) {
  const warm = client('/stream?chunks=20&gap=5', 50, true);
  await Promise.all(Array.from({ length: 50 }, () => warm.send(BODY)));
  await warm.close();
  const load = client(`/stream?chunks=${chunks}&gap=${gapMs}`, count, true);
  const from = process.cpuUsage();
  const answers = [];
  let peakRss = 0;
  const watch = setInterval(() => {
    peakRss = Math.max(peakRss, process.memoryUsage.rss());
  }, 100);
  for (let index = 0; index < count; index += 1) {
    answers.push(load.send(BODY));
    // All at once would overrun the server's queue of new connections.
    if (index % 200 === 199) await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const done = await Promise.all(answers);
  clearInterval(watch);
  const spent = cpuMs(from);
  await load.close();
  const valid = done.filter((answer) => answer.valid).length;
  return { streams: count, valid, chunks: valid * chunks, cpuMs: spent, peakRssMb: peakRss / 2 ** 20 };
}

/** What the load generators of the field do too: a closed loop of streamed answers, to its last request. */
async function peer(connections: number, requests: number) {
  const load = client('/v1/completions', connections, true);
  const options = { api: 'completions', model: 'm', maxTokens: 16, fixedLength: true, stream: true } as const;
  const nextBody = nextBodies({ seed: 'peer', prompts: null, promptTokens: 100 }, options);
  const run = await runFixed({ client: load, nextBody, concurrency: connections, requests, arm: 'all', block: 0 });
  await load.close();
  return { requests, valid: run.completed };
}

async function autocannonClosed(connections: number, durationMs: number) {
  const autocannon = createRequire(import.meta.url)('autocannon') as (
    options: object,
  ) => Promise<{ requests: { total: number } }>;
  const options = {
    url: `${base}/fast`,
    connections,
    method: 'POST',
    body: BODY,
    headers: { 'content-type': 'application/json' },
  };
  await autocannon({ ...options, duration: 1 });
  const from = process.cpuUsage();
  const { requests } = await autocannon({ ...options, duration: durationMs / 1_000 });
  return { requests: requests.total, valid: requests.total, cpuMs: cpuMs(from) };
}

const numbers = rest.map(Number) as [number, number, number];
const measured = {
  closed: () => closed(numbers[0], numbers[1]),
  autocannon: () => autocannonClosed(numbers[0], numbers[1]),
  open: () => open(numbers[0], numbers[1]),
  long: () => long(...numbers),
  peer: () => peer(numbers[0], numbers[1]),
  streams: () => streams(...numbers),
}[what];
if (!measured) throw new Error(`"${what}" is no measurement`);
process.stdout.write(`${JSON.stringify(await measured())}\n`);
