import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { CLOUD_SCENARIOS } from '../../../lab/scenarios/cloud.ts';
import { DIAGNOSIS_SCENARIOS } from '../../../lab/scenarios/diagnosis.ts';
import { EVERYDAY_SCENARIOS } from '../../../lab/scenarios/scenarios.ts';
import type { Report } from '../../../src/report/model.ts';

/**
 * `npm run test:diagnosis [-- NAME… --keep FOLDER]`: the whole gate against each fault of the lab, and what cause it named:
 * the confusion table. Then how long each wait went on after the fault was there to be seen. Ends with 1 when a cause is
 * wrong, when a fault outside of the table is explained by anything, or when a wait outlasts its fault.
 */
const CLI = resolve(import.meta.dirname, '../../../src/cli.ts');
const SCALE = 100;
/** Cluster seconds that a hopeless wait may go on after its state is final. */
const MOST_SECONDS = 30;
/**
 * Wall seconds that it may go on where the gate gives a state time to heal: it counts that time by its own clock, which
 * the lab does not speed up.
 */
const MOST_WALL_SECONDS = 90;

interface Fault {
  name: string;
  cause: string;
  outside: boolean;
}

const known = (cause: string | null): cause is string => cause !== null;
const FAULTS: Fault[] = [
  ...Object.values(EVERYDAY_SCENARIOS).map(({ name, expect }) => ({ name, cause: expect.cause, outside: false })),
  ...CLOUD_SCENARIOS.filter(({ name }) => name !== 'stockout-late').map(({ name, expect }) => ({
    name,
    cause: expect.cause,
    outside: false,
  })),
  ...DIAGNOSIS_SCENARIOS.map(({ name, expect, outside = false }) => ({ name, cause: expect.cause, outside })),
].flatMap(({ cause, ...rest }) => (known(cause) ? [{ cause, ...rest }] : []));

/** The visible fault after which waiting is of no use, by the cause that it leads to; the first that fits. */
const FINAL: readonly (readonly [RegExp, RegExp])[] = [
  [/^vllm\.(?:unknown-flag|invalid-value)|^picker\.unknown-flag/, /^CrashLoopBackOff .*exit 2$/],
  [/^(?:vllm|model|container|picker|tls|policy|probe)\./, /^CrashLoopBackOff restarts 3/],
  [/^image\.(?:not-found|pull-denied|wrong)/, /^ErrImagePull$/],
  [/^secret\.|^configmap\./, /^CreateContainerConfigError$/],
  [/^pods\.(?:quota|security|webhook)/, /^FailedCreate$/],
  [/^pods\./, /^Unschedulable$/],
  [/^certificates\./, /^FailedMount$/],
  [/^kserve\.presets/, /^PresetsCombined /],
  [/^route\./, /^route /],
];

interface Outcome extends Fault {
  found: string;
  verdict: string;
  exit: number | null;
  /** Cluster seconds from the fault, or from the beginning of the wait, to its end; null where it does not end a wait. */
  lagSeconds: number | null;
  /** Whether the wait ended for a state that had its time to heal. */
  settled: boolean;
  nodesLeft: boolean;
}

async function play(fault: Fault, folder: string): Promise<Outcome> {
  const args = [CLI, 'rehearse', '--scenario', fault.name, '--time-scale', String(SCALE), '--output-dir', folder];
  const quick = [
    '--',
    '--pairs=3-3',
    '--pair-duration=2s',
    '--latency-duration=0s',
    '--runbook=false',
    '--goodput-slo=off',
  ];
  // Five seconds of cluster time, as the default is.
  const poll = `--poll-interval=${5_000 / SCALE}ms`;
  const child = spawn(process.execPath, [...args, ...quick, poll, '--concurrency=8'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
    });
  }
  const exit = await new Promise<number | null>((done) => child.once('close', done));
  try {
    const report = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as Report;
    const { faults } = JSON.parse(readFileSync(join(folder, 'lab.json'), 'utf8')) as {
      faults: { at: number; what: string }[];
    };
    return {
      ...fault,
      exit,
      verdict: report.verdict,
      found: report.diagnosis?.cause ?? 'none',
      lagSeconds: lagOf(fault, report, faults),
      settled: /^(?:not-healing|pods-unschedulable)$/.test(report.failure?.code ?? ''),
      nodesLeft: !log.includes('has 0 nodes and is asked to hold 0'),
    };
  } catch {
    process.stderr.write(`${fault.name}:\n${log.slice(-3_000)}\n`);
    return { ...fault, exit, verdict: '?', found: 'no result', lagSeconds: null, settled: false, nodesLeft: true };
  }
}

function lagOf({ cause }: Fault, report: Report, faults: { at: number; what: string }[]): number | null {
  const ready = report.stages.find(({ stage }) => stage === 'ready');
  if (report.failure?.stage !== 'ready' || report.failure.code === 'ready-timeout' || !ready?.startedAt) return null;
  const [, pattern] = FINAL.find(([causes]) => causes.test(cause)) ?? [];
  const first = pattern && faults.filter(({ what }) => pattern.test(what)).map(({ at }) => at);
  if (!first || first.length === 0) return null;
  const began = Date.parse(ready.startedAt);
  const ended = began + (ready.durationMs ?? 0);
  return ((ended - Math.max(began, Math.min(...first))) / 1_000) * SCALE;
}

const { values, positionals } = parseArgs({ allowPositionals: true, options: { keep: { type: 'string' } } });
const chosen = FAULTS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (chosen.length === 0) throw new Error(`allowed: ${FAULTS.map(({ name }) => name).join(', ')}`);
const root = values.keep ?? mkdtempSync(join(tmpdir(), 'diagnosis-'));
const outcomes: Outcome[] = [];
const queue = [...chosen];
await Promise.all(
  Array.from({ length: Math.max(1, Math.min(4, availableParallelism())) }, async () => {
    for (let fault = queue.shift(); fault; fault = queue.shift()) {
      const folder = join(root, fault.name);
      mkdirSync(folder, { recursive: true });
      outcomes.push(await play(fault, folder));
    }
  }),
);
if (!values.keep) rmSync(root, { recursive: true, force: true });

const line = (cells: string[]) => process.stdout.write(`| ${cells.join(' | ')} |\n`);
const sorted = FAULTS.flatMap(({ name }) => outcomes.filter((one) => one.name === name));
line(['fault injected', 'cause injected', 'cause found', 'verdict', 'right']);
line(['---', '---', '---', '---', '---']);
const wrong = sorted.filter(({ found, cause, nodesLeft, exit }) => found !== cause || nodesLeft || exit === 5);
for (const one of sorted) {
  const holds = wrong.includes(one)
    ? `NO${one.nodesLeft ? ', nodes are left' : ''}${one.exit === 5 ? ', other end' : ''}`
    : 'yes';
  line([`\`${one.name}\``, one.outside ? 'outside of the table' : one.cause, one.found, one.verdict, holds]);
}
process.stdout.write('\n');
line(['cause that ends the wait', 'fault', 'from the fault to the end of the wait', 'its deadline']);
line(['---', '---', '---', '---']);
const ended = sorted.filter(({ lagSeconds }) => lagSeconds !== null);
for (const { cause, name, lagSeconds, settled } of ended) {
  const seconds = settled ? (lagSeconds ?? 0) / SCALE : (lagSeconds ?? 0);
  line([cause, `\`${name}\``, `${seconds.toFixed(0)} s of ${settled ? 'the gate’s' : 'cluster'} time`, '30 min']);
}
const late = ended.filter(
  ({ lagSeconds, settled }) => (lagSeconds ?? 0) > (settled ? MOST_WALL_SECONDS * SCALE : MOST_SECONDS),
);
const causes = new Set(sorted.filter(({ outside }) => !outside).map(({ cause }) => cause));
process.stdout.write(
  `\n${sorted.length} faults of ${causes.size} causes and ${sorted.filter(({ outside }) => outside).length} outside of the table: ${sorted.length - wrong.length} named rightly, ${wrong.length} not; ${ended.length} waits ended by their fault, ${late.length} of them after more than ${MOST_SECONDS} s of cluster time, or ${MOST_WALL_SECONDS} s of the gate’s own\n`,
);
process.exitCode = wrong.length + late.length > 0 ? 1 : 0;
