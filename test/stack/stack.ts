import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createRealApi, type RealApi } from '../../lab/apiserver/real-api.ts';
import { gateRoles } from '../../lab/apiserver/roles.ts';
import { childEnv } from '../../lab/child-env.ts';
import { LAB, type Lab, type LabRecord, startLab } from '../../lab/lab.ts';
import type { KubeObject, ProgramRecord } from '../../lab/protocol.ts';
import { gateArguments } from '../../lab/rehearse.ts';
import { SCENARIOS } from '../../lab/scenarios/scenarios.ts';
import { CLI } from '../cli.ts';

const ROOT = resolve(import.meta.dirname, '../..');
export const MINUTES = 60_000;
/** Half of a rehearsal's: Envoy and the picker are real, and share two cores with the load. */
const TIME_SCALE = 10;
/** Three of vLLM take minutes to start on two cores, and a startup probe's 25 minutes pass in cluster time. */
const VLLM_TIME_SCALE = 3;
/** Longer than any run on the lab's replicas may take. */
const LIMIT_SECONDS = 200;
/** Shows what happens while it does, and keeps the logs of all programs. */
const VERBOSE = process.env.STACK_VERBOSE !== undefined;

export interface Stack {
  lab: Lab;
  /** As the cluster's administrator. */
  api: RealApi;
  /** Runs the gate on Pattern 3 as it ships until it ends. */
  run(options?: RunOptions): Promise<GateRun>;
  /** The processes of an image, by a part of its name. */
  programs(image: string): Promise<ProgramRecord[]>;
  record(): Promise<LabRecord>;
  stop(): Promise<void>;
}

export interface RunOptions {
  /** Flags beside those of a rehearsal; the last one counts. */
  flags?: string[];
  /** Called with each line of the gate's log. */
  onLine?: (line: string, gate: ChildProcess) => void;
  /** After these it is told to end, which releases its nodes. */
  limitSeconds?: number;
}

export interface GateRun {
  code: number | null;
  log: string;
  comment: string;
  // biome-ignore lint/suspicious/noExplicitAny: the result file, as a reader of JSON sees it
  result: any;
  seconds: number;
  /** Nodes that there are, and that the pool is asked to hold. */
  nodesLeft: number;
}

export interface StackOptions {
  /** What an administrator has put into the cluster as well. */
  add?: KubeObject[];
  /** Folder of vLLM; the lab's own replicas serve without it. */
  vllm?: string;
}

/** Starts the stack. */
export async function startStack({ add = [], vllm }: StackOptions = {}): Promise<Stack> {
  const assets = process.env.STACK_ASSETS as string;
  const lab = await startLab({
    scenario: SCENARIOS.pass!,
    timeScale: vllm ? VLLM_TIME_SCALE : TIME_SCALE,
    seed: 7,
    stack: {
      assets,
      ...(vllm ? { vllm } : {}),
      rbac: await gateRoles(pathToFileURL(`${join(ROOT, 'manifests', 'rbac')}/`)),
      add,
      verbose: VERBOSE,
    },
    entry: { module: CLI, args: ['lab-process'] },
  });
  const api = createRealApi({
    server: `https://${lab.kube.endpoint}`,
    caPem: lab.kube.caPem,
    token: lab.kube.adminToken as string,
    agent: 'test',
  });
  const folder = mkdtempSync(join(tmpdir(), 'stack-test-'));
  return {
    lab,
    api,
    run: (options = {}) => runGate(lab, folder, options),
    programs: async (image) =>
      ((await lab.record()).kube.programs ?? []).filter((program) => program.image.includes(image)),
    record: () => lab.record(),
    async stop() {
      await api.close();
      await lab.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function runGate(
  lab: Lab,
  folder: string,
  { flags = [], onLine = () => {}, limitSeconds = LIMIT_SECONDS }: RunOptions,
): Promise<GateRun> {
  const output = mkdtempSync(join(folder, 'run-'));
  const started = Date.now();
  const own = ['--pairs=4-8', '--pair-duration=5s', '--concurrency=10', '--latency-duration=0s', '--runbook=false'];
  const child = spawn(process.execPath, [CLI, 'run', ...gateArguments(output), ...own, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { ...childEnv(), HOME: process.env.HOME ?? '', ...lab.env, GITHUB_TOKEN: lab.githubToken },
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.on('data', (chunk: Buffer) => {
      log += chunk.toString();
      const lines = `${rest}${chunk}`.split('\n');
      rest = lines.pop() as string;
      for (const line of lines) {
        if (VERBOSE) process.stderr.write(`${line}\n`);
        onLine(line, child);
      }
    });
  }
  const overdue = setTimeout(() => child.kill('SIGTERM'), limitSeconds * 1_000);
  const code = await new Promise<number | null>((done) => child.once('close', done));
  clearTimeout(overdue);
  const read = (name: string) => readFileSync(join(output, name), 'utf8');
  const { gcp } = await lab.record();
  return {
    code,
    log,
    comment: read('comment.md').replaceAll('\u00a0', ' '),
    result: JSON.parse(read('result.json')),
    seconds: (Date.now() - started) / 1_000,
    nodesLeft: (gcp.nodes[LAB.nodePool] ?? []).length + (gcp.targetSize[LAB.nodePool] ?? 0),
  };
}
