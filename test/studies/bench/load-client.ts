import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import type { Findings } from './findings.ts';
import { measurePeers, reportPeers } from './peers.ts';
import { inTurn, median, medianRatio } from './rounds.ts';

/** The load client beside wrk and autocannon on one server in one run. */
const CONNECTIONS = 64;
const DURATION_MS = 2_000;
/** Others on the machine take its caches for half a minute at a time: the median of five was off by a sixth then. */
const ROUNDS = 9;
/** Each of them takes long enough. */
const ROUNDS_OF_LATENCY = 5;
const STREAMS = 500;
const GAP_MS = 10;
const CHUNKS_OF_WRK_MS = 4_000;
/** Microseconds of CPU per request of wrk on the machine of the targets. */
const WRK_US = 11;
/**
 * Microseconds of CPU per chunk of wrk on the machine of the targets. The load client of that day made 71,000 chunks per
 * core-second there; where both were measured in turn, wrk took 0.505 of its time.
 */
const WRK_CHUNK_US = 7.1;
/** As the action ships it: in one file of JavaScript, so that no compiler's memory is counted. */
const CLIENT = join(import.meta.dirname, '../../../build/bench/client.mjs');

export async function measureClient(findings: Findings, { peers }: { peers: boolean }): Promise<void> {
  await bundleClient();
  const { base, child } = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const wrkUs = hasWrk() ? costOf('wrk', requestsOfWrk(base, folder)) : null;
    await compareTools(findings, base, wrkUs);
    await measureOpenLoop(findings, base, wrkUs);
    await measureStreams(findings, base);
    if (peers) reportPeers(findings, await measurePeers(base, CLIENT));
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

async function bundleClient(): Promise<void> {
  await build({
    entryPoints: [join(import.meta.dirname, 'client.ts')],
    outfile: CLIENT,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifyWhitespace: true,
    minifySyntax: true,
    external: ['autocannon'],
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

async function startServer(): Promise<{ base: string; child: ChildProcess }> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'server.ts')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve) =>
    child.stdout?.once('data', (data: Buffer) => resolve(String(data).trim())),
  );
  return { base: `http://127.0.0.1:${port}`, child };
}

/** One measurement of ours, in a process of its own. */
async function ours<T>(what: string, base: string, ...numbers: number[]): Promise<T> {
  const { stdout } = await promisify(execFile)(process.execPath, [CLIENT, what, base, ...numbers.map(String)]);
  return JSON.parse(stdout) as T;
}

interface Closed {
  requests: number;
  valid: number;
  cpuMs: number;
}

const hasWrk = () => spawnSync('sh', ['-c', 'command -v wrk && command -v bash']).status === 0;

/** What wrk printed, and its CPU time in milliseconds. */
async function wrk(url: string, connections: number, durationMs: number, more: string[] = []) {
  const words = ['wrk', '-t1', `-c${connections}`, `-d${durationMs / 1_000}s`, ...more, url];
  const { stdout, stderr } = await promisify(execFile)(
    'bash',
    ['-c', `TIMEFORMAT='%U %S'; time "$@"`, 'wrk', ...words],
    {
      env: { ...process.env, LC_ALL: 'C' },
    },
  );
  const [user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number) as [number, number];
  return { stdout, cpuMs: 1_000 * (user + system) };
}

function requestsOfWrk(base: string, folder: string): () => Promise<Closed> {
  const script = join(folder, 'post.lua');
  const body = JSON.stringify({ model: 'm', prompt: 'word '.repeat(150), max_tokens: 16 });
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = '${body}'\nwrk.headers["content-type"] = "application/json"\n`,
  );
  return async () => {
    const { stdout, cpuMs } = await wrk(`${base}/fast`, CONNECTIONS, DURATION_MS, ['-s', script]);
    const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
    return { requests, valid: requests, cpuMs };
  };
}

/** Microseconds of CPU time per request. */
function costOf(name: string, measure: () => Promise<Closed>): () => Promise<number> {
  return async () => {
    const { requests, valid, cpuMs } = await measure();
    if (valid !== requests || requests === 0) throw new Error(`${name}: ${valid} of ${requests} answers were valid`);
    return (1_000 * cpuMs) / requests;
  };
}

/** Microseconds of wrk per request; null where there is no wrk. */
type WrkCost = (() => Promise<number>) | null;

async function compareTools({ found, note, notRun }: Findings, base: string, wrkUs: WrkCost): Promise<void> {
  const cost = await inTurn<string>(ROUNDS, {
    ...(wrkUs ? { wrk: wrkUs } : {}),
    autocannon: costOf('autocannon', () => ours('autocannon', base, CONNECTIONS, DURATION_MS)),
    gate: costOf('gate', () => ours('closed', base, CONNECTIONS, DURATION_MS)),
  });
  const each = Object.entries(cost).map(([name, values]) => `${name} ${median(values).toFixed(1)}`);
  note(`CPU per request, µs, ${CONNECTIONS} in flight: ${each.join(', ')}`);
  const { wrk: ofWrk, autocannon = [], gate = [] } = cost;
  if (ofWrk) found('wrk', medianRatio(ofWrk, gate));
  else notRun('requests per core, ÷ wrk', 'wrk is not on PATH');
  found('autocannon', medianRatio(autocannon, gate));
}

interface OpenRun {
  addedP50Ms: number;
  addedP99Ms: number;
  cpuShare: number;
}

const RATES = { 'open, 100 req/s': 100, 'open, 1,000 req/s': 1_000 } as const;
const LONG = 'prompts of 100,000 tokens';

async function measureOpenLoop({ found, note }: Findings, base: string, wrkUs: WrkCost): Promise<void> {
  const runs: Record<string, OpenRun[]> = {};
  const p99Of = (name: string, measure: () => Promise<OpenRun>) => async () => {
    const run = await measure();
    runs[name] ??= [];
    runs[name].push(run);
    return run.addedP99Ms;
  };
  const open = Object.entries(RATES).map(([name, rate]) => [
    name,
    p99Of(name, () => ours('open', base, rate, DURATION_MS)),
  ]);
  const { wrk: ofWrk, ...p99 } = await inTurn<string>(ROUNDS_OF_LATENCY, {
    ...(wrkUs ? { wrk: wrkUs } : {}),
    ...Object.fromEntries(open),
    [LONG]: p99Of(LONG, () => ours('long', base, 256, 100_000, 2_000)),
  });
  for (const [name, each] of Object.entries(runs)) {
    const of = (key: keyof OpenRun) => median(each.map((run) => run[key]));
    note(
      `${name}: added p50 ${of('addedP50Ms').toFixed(2)} ms, p99 ${of('addedP99Ms').toFixed(2)} ms, ${(100 * of('cpuShare')).toFixed(0)} % of a core`,
    );
  }
  // The time that a client adds is time of its processor, so that a slower one adds more.
  if (ofWrk) note(`CPU per request of wrk meanwhile, µs: ${median(ofWrk).toFixed(1)}`);
  const asThere = (name: string) => (ofWrk ? WRK_US * medianRatio(p99[name] ?? [], ofWrk) : median(p99[name] ?? []));
  found('added-p99', asThere('open, 1,000 req/s'));
  found('added-p99-long', asThere(LONG));
}

interface StreamRun {
  streams: number;
  valid: number;
  chunks: number;
  cpuMs: number;
  peakRssMb: number;
}

async function streams(base: string, count: number, chunks: number, gapMs: number): Promise<StreamRun> {
  const run = await ours<StreamRun>('streams', base, count, chunks, gapMs);
  if (run.valid !== run.streams) throw new Error(`${run.valid} of ${run.streams} streams were valid`);
  return run;
}

/** Microseconds of CPU per chunk of wrk, which reads streams that do not end meanwhile. */
async function chunkOfWrk(base: string): Promise<number> {
  const eventsSent = async () => ((await (await fetch(`${base}/counters`)).json()) as { events: number }).events;
  const before = await eventsSent();
  const url = `${base}/stream?chunks=${(10 * CHUNKS_OF_WRK_MS) / GAP_MS}&gap=${GAP_MS}`;
  const { cpuMs } = await wrk(url, STREAMS, CHUNKS_OF_WRK_MS, ['--timeout', '60s']);
  return (1_000 * cpuMs) / ((await eventsSent()) - before);
}

async function measureStreams({ found, note }: Findings, base: string): Promise<void> {
  const cost = await inTurn<string>(ROUNDS, {
    ...(hasWrk() ? { wrk: () => chunkOfWrk(base) } : {}),
    gate: async () => {
      const { chunks, cpuMs } = await streams(base, STREAMS, 500, GAP_MS);
      return (1_000 * cpuMs) / chunks;
    },
  });
  const { wrk: ofWrk, gate = [] } = cost;
  const each = Object.entries(cost).map(([name, values]) => `${name} ${median(values).toFixed(2)}`);
  note(`CPU per SSE chunk, µs, ${STREAMS} streams: ${each.join(', ')}`);
  // Another machine is compared with that of the target by what wrk takes for the same chunks.
  found('chunks', ofWrk ? (1_000_000 / WRK_CHUNK_US) * medianRatio(ofWrk, gate) : 1_000_000 / median(gate));
  found('memory-of-streams', (await streams(base, 10_000, 10, 1_000)).peakRssMb);
}
