import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { childEnv } from '../../../lab/child-env.ts';
import { type Lab, startLab } from '../../../lab/lab.ts';
import { gateArguments } from '../../../lab/rehearse.ts';
import { SCENARIOS } from '../../../lab/scenarios/scenarios.ts';
import type { Report } from '../../../src/report/model.ts';
import { parseReport } from '../../../src/report/parse.ts';
import { setup } from '../../bundled.ts';
import { TESTED_CLI } from '../../cli.ts';
import type { Findings } from './findings.ts';

/** Cluster, inference and measurement are all so many times faster: the run is a model of one at real time. */
const SCALE = 8;
/** The defaults of the inputs, as fast as all else. The interval of polls stays as it is: waits are what is measured. */
const SCALED = [`--pair-duration=${32 / SCALE}s`, `--latency-duration=${20 / SCALE}s`, '--poll-interval=5s'];

/**
 * Minutes of the deployment runbook that are not for nodes and replicas: 40 to 50 in all, less 10 to 15 for each of the two.
 * Both ends give the same. Its list has 12 of them: deletion 5, filter 1, policies 1, verification 5.
 */
const BY_HAND_MINUTES = { total: 20, listed: 12 } as const;

/** A `validate` run as the lab saw it, in milliseconds of the wall. */
export interface Observed {
  /** From the start of the process to the verdict. */
  wallMs: number;
  /** From the resize that Google accepted to the last replica that began to serve: nodes, pull, load, compile. */
  clusterMs: number;
  /** With at least one request in flight: verify and measure. */
  loadMs: number;
  /** What the runbook's own requests took. */
  runbookRequestsMs: number;
}

/** Ratios at real time. */
interface CriticalRatios {
  wallOverPath: number;
  wallOverRunbook: number;
  /** The same over the steps that the runbook lists, which do not add up to its total. */
  wallOverListed: number;
  /** What the run waited for nothing, milliseconds. It is the same at any scale. */
  slackMs: number;
  wallMs: number;
  pathMs: number;
  runbookMs: number;
}

/**
 * Runs `validate` against the healthy lab, whose own records say how long nodes, replicas and load took. Takes about 100 s.
 * Throws an Error where the run does not pass. Nothing else may load the machine.
 */
export async function measureCriticalPath({ found, note }: Findings): Promise<void> {
  const ratios = ratiosAtRealTime(await observe());
  note(criticalNote(ratios));
  found('wall-over-path', ratios.wallOverPath);
  found('wall-over-runbook', ratios.wallOverRunbook);
}

/** The run at real time: what the lab does takes `SCALE` times as long, and what the gate waits for nothing takes as long. */
export function ratiosAtRealTime({ wallMs, clusterMs, loadMs, runbookRequestsMs }: Observed): CriticalRatios {
  const slackMs = wallMs - clusterMs - loadMs;
  const pathMs = SCALE * (clusterMs + loadMs);
  const realMs = pathMs + slackMs;
  // The runbook's nodes and replicas are those of the lab, one step after another.
  const runbookOf = (byHandMinutes: number) => byHandMinutes * 60_000 + SCALE * (clusterMs + runbookRequestsMs);
  const runbookMs = runbookOf(BY_HAND_MINUTES.total);
  return {
    wallOverPath: realMs / pathMs,
    wallOverRunbook: realMs / runbookMs,
    wallOverListed: realMs / runbookOf(BY_HAND_MINUTES.listed),
    ...{ slackMs, wallMs: realMs, pathMs, runbookMs },
  };
}

/** What the ratios are of. Pure. */
export function criticalNote({ wallMs, pathMs, runbookMs, slackMs, wallOverListed }: CriticalRatios): string {
  const minutes = (ms: number) => `${(ms / 60_000).toFixed(1)} min`;
  return (
    `at real time: ${minutes(wallMs)}, critical path ${minutes(pathMs)}, slack ${(slackMs / 1_000).toFixed(1)} s; ` +
    `the runbook's way ${minutes(runbookMs)} on these nodes, of whose listed steps alone it is ${wallOverListed.toFixed(2)}`
  );
}

async function observe(): Promise<Observed> {
  await setup();
  const cli = process.env[TESTED_CLI] as string;
  const folder = mkdtempSync(join(tmpdir(), 'critical-'));
  const lab = await startLab({
    scenario: SCENARIOS.pass!,
    timeScale: SCALE,
    seed: 20_260_213,
    entry: { module: cli, args: ['lab-process'] },
  });
  try {
    return await watched(lab, cli, folder);
  } finally {
    await lab.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function watched(lab: Lab, cli: string, folder: string): Promise<Observed> {
  const startMs = Date.now();
  const results = join(folder, 'results');
  // The later of two flags counts.
  const gate = spawn(process.execPath, [cli, 'run', ...gateArguments(results), ...SCALED], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...childEnv(), HOME: folder, TMPDIR: folder, ...lab.env, GITHUB_TOKEN: lab.githubToken },
  });
  const [log] = await Promise.all([text(gate.stdout), new Promise((done) => gate.once('close', done))]);
  const report = parseReport(readFileSync(join(results, 'result.json'), 'utf8'));
  if (report.verdict !== 'pass') throw new Error(`the run did not pass, so its time does not count:\n${log}`);
  const { gcp, serving } = await lab.record();
  const asked = gcp.resizes.find(({ nodeCount }) => nodeCount > 0)?.at;
  const served = Object.entries(serving.replicas).filter(([name]) => name.includes(report.plan.service as string));
  if (asked === undefined || served.length === 0) throw new Error('the lab has seen no resize and no replica');
  return {
    wallMs: Date.parse(report.finishedAt as string) - startMs,
    clusterMs: Math.max(...served.map(([, { startedAt }]) => startedAt)) - asked,
    loadMs: serving.gateway.loadedMs,
    runbookRequestsMs: runbookRequestsMs(report),
  };
}

function runbookRequestsMs({ runbook }: Report): number {
  if (!runbook) throw new Error("the runbook's requests were not sent");
  return 1_000 * (runbook.serial.seconds + runbook.parallel.seconds);
}
