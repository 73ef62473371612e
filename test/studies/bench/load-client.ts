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
const DURATION_MS = 3_000;
/** In a noisy minute the median of three was off by a sixth. */
const ROUNDS = 5;
/** Microseconds of CPU per request of wrk on the machine of the targets. */
const WRK_US = 11;
/** As the action ships it: in one file of JavaScript, so that no compiler's memory is counted. */
const CLIENT = join(import.meta.dirname, '../../../build/bench/client.mjs');

export async function measureClient(findings: Findings, { peers }: { peers: boolean }): Promise<void> {
  await bundleClient();
  const { base, child } = await startServer();
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  try {
    const wrkUs = await compareTools(findings, base, folder);
    await measureOpenLoop(findings, base);
    await measureStreams(findings, base, wrkUs);
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

async function wrk(base: string, script: string): Promise<Closed> {
  const line = `TIMEFORMAT='%U %S'; time wrk -t1 -c${CONNECTIONS} -d${DURATION_MS / 1_000}s -s ${script} ${base}/fast`;
  const { stdout, stderr } = await promisify(execFile)('bash', ['-c', line], { env: { ...process.env, LC_ALL: 'C' } });
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1]);
  const [user, system] = (stderr.trim().split('\n').at(-1) ?? '').split(' ').map(Number) as [number, number];
  return { requests, valid: requests, cpuMs: 1_000 * (user + system) };
}

/** Microseconds of CPU time per request. */
function costOf(name: string, measure: () => Promise<Closed>): () => Promise<number> {
  return async () => {
    const { requests, valid, cpuMs } = await measure();
    if (valid !== requests || requests === 0) throw new Error(`${name}: ${valid} of ${requests} answers were valid`);
    return (1_000 * cpuMs) / requests;
  };
}

/** Returns the microseconds of wrk per request; null where there is no wrk. */
async function compareTools({ found, note, notRun }: Findings, base: string, folder: string): Promise<number | null> {
  const hasWrk = spawnSync('sh', ['-c', 'command -v wrk && command -v bash']).status === 0;
  const script = join(folder, 'post.lua');
  const body = JSON.stringify({ model: 'm', prompt: 'word '.repeat(150), max_tokens: 16 });
  writeFileSync(
    script,
    `wrk.method = "POST"\nwrk.body = '${body}'\nwrk.headers["content-type"] = "application/json"\n`,
  );
  const { wrk: wrkUs = [], ...cost } = await inTurn<string>(ROUNDS, {
    ...(hasWrk ? { wrk: costOf('wrk', () => wrk(base, script)) } : {}),
    autocannon: costOf('autocannon', () => ours('autocannon', base, CONNECTIONS, DURATION_MS)),
    gate: costOf('gate', () => ours('closed', base, CONNECTIONS, DURATION_MS)),
  });
  const { gate = [], autocannon = [] } = cost;
  const shown = Object.entries({ ...(hasWrk ? { wrk: wrkUs } : {}), autocannon, gate });
  const each = shown.map(([name, values]) => `${name} ${median(values).toFixed(1)}`).join(', ');
  note(`CPU per request, µs, ${CONNECTIONS} in flight: ${each}`);
  if (hasWrk) found('wrk', medianRatio(wrkUs, gate));
  else notRun('requests per core, ÷ wrk', 'wrk is not on PATH');
  found('autocannon', medianRatio(autocannon, gate));
  return hasWrk ? median(wrkUs) : null;
}

interface OpenRun {
  addedP50Ms: number;
  addedP99Ms: number;
  cpuShare: number;
}

async function measureOpenLoop({ found, note }: Findings, base: string): Promise<void> {
  for (const rate of [100, 1_000]) {
    const runs: OpenRun[] = [];
    for (let round = 0; round < ROUNDS; round += 1) runs.push(await ours('open', base, rate, DURATION_MS));
    const of = (key: keyof OpenRun) => median(runs.map((run) => run[key]));
    note(
      `added latency at ${rate} req/s: p50 ${of('addedP50Ms').toFixed(2)} ms, p99 ${of('addedP99Ms').toFixed(2)} ms, ${(100 * of('cpuShare')).toFixed(0)} % of a core`,
    );
    if (rate === 1_000) found('added-p99', of('addedP99Ms'));
  }
  const long: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    long.push((await ours<OpenRun>('long', base, 256, 100_000, 2_000)).addedP99Ms);
  }
  found('added-p99-long', median(long));
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

async function measureStreams({ found, note }: Findings, base: string, wrkUs: number | null): Promise<void> {
  const perCore: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const run = await streams(base, 500, 500, 10);
    perCore.push((1_000 * run.chunks) / run.cpuMs);
  }
  note(`SSE chunks per core-second here: ${Math.round(median(perCore)).toLocaleString('en')}`);
  // The target was set on a machine on which wrk took so long for the same request; others are compared by that.
  found('chunks', median(perCore) * (wrkUs === null ? 1 : wrkUs / WRK_US));
  found('memory-of-streams', (await streams(base, 10_000, 10, 1_000)).peakRssMb);
}
