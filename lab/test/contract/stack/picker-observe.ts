import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { kubeconfig } from '../../../apiserver/credentials.ts';
import { PROGRAMS } from '../../../stack/assets.ts';
import { NAMESPACE, type World } from './world.ts';

const CONFIG = `apiVersion: inference.networking.x-k8s.io/v1alpha1
kind: EndpointPickerConfig
plugins:
- type: queue-scorer
- type: max-score-picker
schedulingProfiles:
- name: default
  plugins:
  - pluginRef: queue-scorer
`;

/** Starts that the picker refuses, by what is wrong with each. */
const REFUSED: Record<string, string[]> = {
  'unknown flag': ['--pool-name=pool', '--no-such-flag=1'],
  'flag of another version': ['--pool-name=pool', '--configText=x'],
  'no pool': ['--config-text', CONFIG],
  'plugin that is not registered': [
    '--pool-name=pool',
    '--config-text',
    CONFIG.replace('queue-scorer', 'no-hit-lru-scorer'),
  ],
  'reference to no plugin': [
    '--pool-name=pool',
    '--config-text',
    CONFIG.replace('pluginRef: queue', 'pluginRef: latency'),
  ],
  'configuration that is no YAML': ['--pool-name=pool', '--config-text', '{'],
  'certificate that is missing': ['--pool-name=pool', '--config-text', CONFIG, '--cert-path=/nowhere'],
};

/** Beside the picker that runs. */
const PLACE = [
  `--pool-namespace=${NAMESPACE}`,
  '--zap-encoder=json',
  '--grpc-port=19002',
  '--grpc-health-port=19003',
  '--metrics-port=19090',
];

export interface LastWords {
  exitCode: number | null;
  /** The line with the reason. */
  line: string;
  /** Lines that it wrote after that, of its help. */
  after: number;
}

export interface PickerObservation {
  /** Its command line as KServe wrote it, without what the service says itself. */
  command: string[];
  /** The name of each flag that it knows. */
  flags: string[];
  /** `NAME TYPE` of each family of its metrics that has its own prefix. */
  metrics: string[];
  lastWords: Record<string, LastWords>;
}

/** Reads the picker that runs in the stack, and starts its program with what it refuses. */
export async function observePicker(world: World, assets: string): Promise<PickerObservation & { text: string }> {
  const [running] = await world.programs('endpoint-picker');
  if (!running) throw new Error('no endpoint picker runs');
  const pod = `/api/v1/namespaces/${NAMESPACE}/pods/${running.pod}`;
  const { body } = await world.api.ask('GET', pod);
  const log = String((await world.api.ask('GET', `${pod}/log?container=main`)).body);
  const text = await metricsOf(world, body.status.podIP);
  const lastWords: PickerObservation['lastWords'] = {};
  for (const [what, args] of Object.entries(REFUSED)) {
    lastWords[what] = await lastWordsOf(world, join(assets, PROGRAMS['endpoint picker']), args);
  }
  return {
    command: body.spec.containers[0].command,
    flags: flagsOf(log),
    metrics: [...text.matchAll(/^# TYPE (\S+ \S+)$/gm)].map(([, family]) => family as string).sort(),
    lastWords,
    text,
  };
}

/** The gauges of the pool come some seconds after the first request. */
const GAUGES_LIMIT_MS = 30_000;

async function metricsOf(world: World, podIp: string): Promise<string> {
  const until = Date.now() + GAUGES_LIMIT_MS;
  for (;;) {
    const answer = await fetch(`http://${podIp}:9090/metrics`, { headers: { authorization: `Bearer ${world.token}` } });
    if (answer.status !== 200) throw new Error(`metrics of the picker: HTTP ${answer.status}`);
    const text = ownMetrics(await answer.text());
    if (/^inference_pool_ready_pods\b/m.test(text) || Date.now() > until) return text;
    await sleep(500);
  }
}

function flagsOf(log: string): string[] {
  const line = log.split('\n').find((one) => one.includes('"Flags processed"'));
  if (!line) throw new Error('the picker did not list its flags');
  return Object.keys((JSON.parse(line) as { flags: Record<string, unknown> }).flags).sort();
}

/** Families of the picker's own, not those of Go, its process and controller-runtime. */
function ownMetrics(text: string): string {
  const isOwn = (line: string) => /^(# (HELP|TYPE) )?(inference_|llm_d_)/.test(line);
  // Buckets are many, and one is like another.
  return `${text
    .split('\n')
    .filter((line) => isOwn(line) && !(/_bucket\{/.test(line) && !/le="\+Inf"/.test(line)))
    .join('\n')}\n`;
}

async function lastWordsOf(world: World, binary: string, args: string[]): Promise<LastWords> {
  const folder = await mkdtemp(join(tmpdir(), 'picker-'));
  try {
    const file = join(folder, 'kubeconfig');
    await writeFile(file, kubeconfig(world.server, world.caPem, { token: world.token }), { mode: 0o600 });
    const child = spawn(binary, [...PLACE, ...args], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', KUBECONFIG: file },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    const overdue = setTimeout(() => child.kill('SIGKILL'), 10_000);
    const exitCode = await new Promise<number | null>((done) => child.once('close', done));
    clearTimeout(overdue);
    return { exitCode, ...reasonOf(said) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Its last line at the margin that is not of its help. */
function reasonOf(said: string): { line: string; after: number } {
  const lines = said.trimEnd().split('\n');
  const at = lines.findLastIndex((line) => line !== '' && !/^(Usage of|\s)/.test(line));
  const line = (lines[at] ?? '').replace(/"ts":[\d.]+/, '"ts":0').replace(/,"stacktrace":"(?:[^"\\]|\\.)*"/, '');
  return { line, after: lines.length - 1 - at };
}
