import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Findings } from './findings.ts';

/**
 * The gate's load client beside those of the field, in closed loops of one concurrency on the server of the bench. All are
 * measured from outside: the server counts, and /proc has the processor time of each tool with its children. The part of a
 * run that counts lies between a quarter and three quarters of its requests, so that no start of Python is in it.
 */
interface PeerFigures {
  name: string;
  requestsPerSecond: number;
  /** Requests in flight, as the server saw them, by those that were ordered: 1 for a client without a gap (Little's law). */
  keptInFlight: number;
  cpuMsPerRequest: number;
}

interface Peers {
  figures: PeerFigures[];
  /** Tools that did not run, and why. */
  notRun: { name: string; why: string }[];
}

interface Tool {
  name: string;
  /** Below the folder of `scripts/bench-peers`; null for the gate's own client. */
  binary: string | null;
  arguments(run: Run): string[];
}

interface Run {
  base: string;
  /** Of the tokenizer. */
  tokenizer: string;
  /** For the files of the tool. */
  folder: string;
}

interface Counters {
  /** Monotonic milliseconds of the server. */
  nowMs: number;
  completed: number;
  /** Sum of the requests in flight over time, milliseconds. */
  inFlightMs: number;
}

const PEER_CONCURRENCY = 32;
const REQUESTS = 2_400;
const PROMPT_TOKENS = 100;
const OUTPUT_TOKENS = 16;
const LIMIT_MS = 180_000;
const LOOK_MS = 50;
/** Linux counts the processor time of a process in hundredths of a second (`getconf CLK_TCK`). */
const TICK_MS = 10;

const TOOLS: readonly Tool[] = [
  {
    name: 'vllm bench serve',
    binary: 'vllm/bin/vllm',
    arguments: ({ base, tokenizer }) => [
      ...['bench', 'serve', '--backend', 'openai', '--base-url', base, '--endpoint', '/v1/completions'],
      ...['--model', 'm', '--tokenizer', tokenizer, '--dataset-name', 'random', '--ignore-eos', '--disable-tqdm'],
      ...['--random-input-len', `${PROMPT_TOKENS}`, '--random-output-len', `${OUTPUT_TOKENS}`],
      ...['--num-prompts', `${REQUESTS}`, '--max-concurrency', `${PEER_CONCURRENCY}`],
    ],
  },
  {
    name: 'guidellm',
    binary: 'guidellm/bin/guidellm',
    arguments: ({ base, tokenizer, folder }) => [
      ...['run', '--backend', `kind=openai_http,target=${base},model=m,request_format=/v1/completions`],
      ...['--profile', `kind=concurrent,streams=${PEER_CONCURRENCY}`],
      ...['--constraint', `kind=max_requests,count=${REQUESTS}`],
      ...['--data', `kind=synthetic_text,prompt_tokens=${PROMPT_TOKENS},output_tokens=${OUTPUT_TOKENS}`],
      ...['--tokenizer', `kind=huggingface_auto,model=${tokenizer}`, '--disable-console-interactive'],
      ...['--output', `kind=json,path=${join(folder, 'guidellm.json')}`],
    ],
  },
  {
    name: 'aiperf',
    binary: 'aiperf/bin/aiperf',
    arguments: ({ base, tokenizer, folder }) => [
      ...['profile', '--model', 'm', '--url', base, '--endpoint-type', 'completions', '--streaming', '--ui', 'none'],
      ...['--concurrency', `${PEER_CONCURRENCY}`, '--request-count', `${REQUESTS}`, '--tokenizer', tokenizer],
      ...['--isl', `${PROMPT_TOKENS}`, '--osl', `${OUTPUT_TOKENS}`, '--artifact-dir', join(folder, 'aiperf')],
    ],
  },
  {
    name: 'inference-perf',
    binary: 'inference-perf/bin/inference-perf',
    arguments: ({ base, tokenizer, folder }) => {
      const config = join(folder, 'inference-perf.yaml');
      const tokens = (count: number) => ({ min: count, max: count, mean: count, std_dev: 0, total_count: REQUESTS });
      const settings = {
        load: { type: 'concurrent', stages: [{ num_requests: REQUESTS, concurrency_level: PEER_CONCURRENCY }] },
        api: { type: 'completion', streaming: true },
        server: { type: 'vllm', model_name: 'm', base_url: base, ignore_eos: true },
        tokenizer: { pretrained_model_name_or_path: tokenizer },
        data: {
          type: 'random',
          input_distribution: tokens(PROMPT_TOKENS),
          output_distribution: tokens(OUTPUT_TOKENS),
        },
        storage: { local_storage: { path: join(folder, 'inference-perf') } },
      };
      // YAML is a superset of JSON.
      writeFileSync(config, JSON.stringify(settings));
      return ['--config_file', config];
    },
  },
];

/** Runs each tool in turn. `ours` is the file of the bench's own client. */
export async function measurePeers(base: string, ours: string): Promise<Peers> {
  const notRun: Peers['notRun'] = [];
  const peers = peersFolder(notRun);
  const folder = mkdtempSync(join(tmpdir(), 'bench-peers-'));
  const figures: PeerFigures[] = [];
  const gate: Tool = {
    ...{ name: 'gate', binary: null },
    arguments: () => [ours, 'peer', base, `${PEER_CONCURRENCY}`, `${REQUESTS}`],
  };
  try {
    for (const tool of [gate, ...TOOLS]) {
      const binary = tool.binary === null ? process.execPath : join(peers ?? '', tool.binary);
      if (tool.binary !== null && peers === null) continue;
      if (!existsSync(binary)) notRun.push({ name: tool.name, why: 'scripts/bench-peers could not install it here' });
      else {
        const run = { base, folder, tokenizer: join(peers ?? '', 'tokenizer') };
        const found = await measure(binary, tool.arguments(run), run);
        if (typeof found === 'string') notRun.push({ name: tool.name, why: found });
        else figures.push({ name: tool.name, ...found });
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return { figures, notRun };
}

/** Throughput beside that of the best peer, by Little's law, and the CPU time of each. */
export function reportPeers({ found, note, notRun: left }: Findings, { figures, notRun }: Peers): void {
  for (const { name, why } of notRun) left(name, why);
  const gate = figures.find(({ name }) => name === 'gate');
  if (!gate) throw new Error('the own client did not run beside its peers');
  note(`beside its peers, ${PEER_CONCURRENCY} in flight, streamed:`);
  for (const { name, requestsPerSecond, keptInFlight, cpuMsPerRequest } of figures) {
    const ratio = (cpuMsPerRequest / gate.cpuMsPerRequest).toFixed(1);
    note(
      `  ${name}: ${requestsPerSecond.toFixed(1)} req/s, ${keptInFlight.toFixed(3)} of ${PEER_CONCURRENCY} kept in flight, CPU per request ÷ gate's ${ratio}`,
    );
  }
  if (figures.length > 1) found('peers', gate.keptInFlight / Math.max(...figures.map((each) => each.keptInFlight)));
}

function peersFolder(notRun: Peers['notRun']): string | null {
  try {
    const script = join(import.meta.dirname, '../../../scripts/bench-peers');
    return execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  } catch {
    notRun.push({ name: 'all peers', why: 'scripts/bench-peers needs what scripts/vllm-assets needs' });
    return null;
  }
}

/** The middle of one run, or why there is none. */
async function measure(
  binary: string,
  args: readonly string[],
  { base, folder }: Run,
): Promise<Omit<PeerFigures, 'name'> | string> {
  const counters = async () => (await (await fetch(`${base}/counters`)).json()) as Counters;
  const from = await counters();
  const log = createWriteStream(join(folder, 'log'));
  const child = spawn(binary, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', VLLM_NO_USAGE_STATS: '1' },
  });
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const edges: { at: Counters; cpuMs: number }[] = [];
  const limit = performance.now() + LIMIT_MS;
  try {
    for (const share of [0.25, 0.75]) {
      for (;;) {
        const at = await counters();
        if (at.completed - from.completed >= share * REQUESTS) {
          edges.push({ at, cpuMs: cpuOfTree(child.pid ?? 0) });
          break;
        }
        if (child.exitCode !== null) return `ended with ${child.exitCode}: ${endOf(join(folder, 'log'))}`;
        if (performance.now() > limit) return `sent ${at.completed - from.completed} of ${REQUESTS} requests in time`;
        await sleep(LOOK_MS);
      }
    }
    const code = await Promise.race([ended, sleep(LIMIT_MS, 'late' as const, { ref: false })]);
    if (code === 'late') return 'did not end after its requests';
  } finally {
    await stop(child, ended);
    log.end();
  }
  const [first, last] = edges;
  if (!first || !last) return 'was not measured';
  const [spanMs, completed] = [last.at.nowMs - first.at.nowMs, last.at.completed - first.at.completed];
  return {
    requestsPerSecond: (1_000 * completed) / spanMs,
    keptInFlight: (last.at.inFlightMs - first.at.inFlightMs) / spanMs / PEER_CONCURRENCY,
    cpuMsPerRequest: (last.cpuMs - first.cpuMs) / completed,
  };
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    for (const pid of treeOf(child.pid ?? 0)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended meanwhile.
      }
    }
  }
  await ended;
}

const endOf = (file: string) => readFileSync(file, 'utf8').trim().split('\n').slice(-3).join(' | ').slice(-400);

/** The fields of /proc/PID/stat behind the name, which may have blanks in it; null for a process that has ended. */
function statOf(pid: number): string[] | null {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return null;
  }
}

function treeOf(root: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(statOf(Number(name))?.[1] ?? 0)]),
  );
  const tree = [root];
  for (const pid of tree) for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

/** Processor time of a process and all below it, with that of children that have ended, milliseconds. */
function cpuOfTree(root: number): number {
  const ticks = treeOf(root).map((pid) => {
    const stat = statOf(pid);
    return stat ? [11, 12, 13, 14].reduce((sum, field) => sum + Number(stat[field]), 0) : 0;
  });
  return TICK_MS * ticks.reduce((sum, each) => sum + each, 0);
}
