import { realpathSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gateRoles } from './apiserver/roles.ts';
import { type MeasuredResult, tooBusy } from './busy.ts';
import { JUMPING_CLOCK, starve } from './client-faults.ts';
import { startGate } from './gate-process.ts';
import { type Interrupts, watchInterrupts } from './interrupts.ts';
import { LAB, type Lab, type LabOptions, startLab } from './lab.ts';
import { type Rehearsal, type RehearseOptions, readOptions } from './rehearse-options.ts';
import { isInPrivateNetwork } from './stack/assets.ts';
import { runInPrivateNetwork } from './stack/private-network.ts';
import { makeWorkspace } from './workspace.ts';

export interface Terminal {
  /** The module that runs the command line; the gate and the lab's processes are started from it. */
  module: string;
  write: (line: string) => void;
}

/** The folder of the project, one above the folder of the module that runs: that holds for `src/` and for `dist/`. */
function rootOf(module: string): string {
  return dirname(dirname(realpathSync(module)));
}

/** Ended otherwise than the scenario promises: a defect of the gate or of the lab. */
const DIFFERED = 5;
/** Measured on a machine that was too busy for it: neither the gate nor the lab is to blame. */
const BUSY = 6;
const USAGE = 3;
const INTERRUPTED = 130;

/** The highest scale that there is. */
const FASTEST = 100;

/** Load that leaves the real parts their share of two cores. */
const STACK_FLAGS = ['--concurrency=10', '--pair-duration=5s'];

/**
 * Runs the gate as a user would, with inputs and environment only, against the lab; then asks the lab itself what is
 * left. Exits as the gate did, with 5 when the end is not what the scenario promises, or with 6 when this machine was too
 * busy to measure.
 */
export async function rehearse(options: RehearseOptions, terminal: Terminal): Promise<number> {
  const root = rootOf(terminal.module);
  const wanted = readOptions(options, root);
  if (typeof wanted === 'string') {
    terminal.write(wanted);
    return USAGE;
  }
  const { scenario, timeScale, inferenceScale, stackAssets, vllmAssets } = wanted;
  if (stackAssets !== null && !isInPrivateNetwork()) {
    return runInPrivateNetwork(root, {
      STACK_ASSETS: stackAssets,
      ...(vllmAssets === null ? {} : { VLLM_ASSETS: vllmAssets }),
    });
  }
  terminal.write(`Rehearsal of scenario "${scenario.name}": ${scenario.summary}.`);
  if (stackAssets !== null) terminal.write(`Real: ${REAL_PARTS}, of ${stackAssets}. The rest is the lab's.`);
  if (vllmAssets !== null) terminal.write(VLLM_NOTE);
  const parts = inferenceScale === timeScale ? 'provisioning and inference alike' : `inference ${inferenceScale} times`;
  terminal.write(`The lab's clock runs ${timeScale} times faster, ${parts}: divide rates by ${inferenceScale}.`);
  terminal.write('');
  const interrupts = watchInterrupts();
  const lab = await startLab({
    scenario,
    timeScale,
    inferenceScale,
    seed: 20_260_213,
    kserve: wanted.kserve,
    // Nobody measures at that pace, so that the engines need no process of their own: each takes half a second to start.
    isOneProcess: inferenceScale === FASTEST && wanted.kubeAssets === null && stackAssets === null,
    ...(await realParts(wanted, root)),
    entry: { module: terminal.module, args: ['lab-process'] },
  });
  let folder: string | undefined;
  try {
    if (interrupts.came()) return INTERRUPTED;
    // From here on the watcher of the gate removes it if this process is killed.
    folder = await mkdtemp(join(await realpath(tmpdir()), 'rehearsal-'));
    const played = { lab, options, root, wanted, folder, terminal, interrupts };
    const running = runGate(played).then((code) => judge(played, code));
    const broken = lab.broken.then((sentence) => {
      terminal.write(`lab: ${sentence}; the rehearsal cannot go on`);
      return DIFFERED;
    });
    running.catch(() => {});
    return await Promise.race([running, broken]);
  } finally {
    interrupts.kill();
    await lab.stop();
    if (folder) await rm(folder, { recursive: true, force: true });
    interrupts.close();
  }
}

const VLLM_NOTE =
  'The replicas are vLLM on the CPU, with random weights. They share the cores of this machine, so three are no faster ' +
  'than one: the verdict on speed is not judged.';
const REAL_PARTS = 'kube-apiserver, etcd, KServe controller, istiod, Envoy and endpoint picker';

/** What of the lab is replaced by real parts. */
async function realParts(
  { kubeAssets, stackAssets, vllmAssets }: Rehearsal,
  root: string,
): Promise<Partial<LabOptions>> {
  if (kubeAssets === null && stackAssets === null) return {};
  const rbac = await gateRoles(pathToFileURL(join(root, 'manifests', 'rbac', '/')));
  if (kubeAssets !== null) return { apiServer: { assets: kubeAssets, rbac } };
  const engine = vllmAssets === null ? {} : { vllm: vllmAssets };
  return { stack: { assets: stackAssets as string, ...engine, rbac, add: [], verbose: false } };
}

/** Inputs that fit the lab's clock; everything else stays at its default. */
export function gateArguments(outputDir: string): string[] {
  return [
    ['project-id', LAB.project],
    ['location', LAB.location],
    ['cluster', LAB.cluster],
    ['node-pool', LAB.nodePool],
    ['namespace', LAB.namespace],
    ['gateway', `${LAB.gateway.namespace}/${LAB.gateway.name}`],
    ['workload-identity-provider', LAB.provider],
    ['pr-number', String(LAB.pullRequest)],
    ['comment', 'always'],
    ['poll-interval', '250ms'],
    ['pair-duration', '3s'],
    ['api-timeout', '3s'],
    ['latency-duration', '2s'],
    ['output-dir', outputDir],
  ].map(([name, value]) => `--${name}=${value}`);
}

interface Played {
  lab: Lab;
  options: RehearseOptions;
  root: string;
  wanted: Rehearsal;
  /** For the temporary files of the gate. */
  folder: string;
  terminal: Terminal;
  interrupts: Interrupts;
}

/** Runs the gate. Returns its exit code; of one that was killed, as a shell has it. */
async function runGate(played: Played): Promise<number> {
  const { lab, options, root, wanted, folder, terminal, interrupts } = played;
  const { client: fault, flags, manifests, base } = wanted.scenario;
  const workspace = manifests ? join(folder, 'workspace') : null;
  if (workspace && manifests) await makeWorkspace(workspace, join(root, 'manifests'), manifests);
  if (workspace && base) await makeWorkspace(join(workspace, 'base'), join(root, 'manifests'), base);
  const own = [
    ...(workspace ? ['--manifests=manifests'] : []),
    ...(base ? ['--base-manifests=base/manifests'] : []),
    ...(wanted.stackAssets === null ? [] : STACK_FLAGS),
  ];
  const output = workspace ? resolve(options.outputDir) : options.outputDir;
  const gate = startGate(['run', ...gateArguments(output), ...own, ...flags, ...options.gateFlags], {
    nodeArgs: fault === 'clock-jump' ? ['--import', JUMPING_CLOCK] : [],
    module: terminal.module,
    folder,
    env: { ...lab.env, GITHUB_TOKEN: lab.githubToken },
    ...(workspace ? { cwd: workspace } : {}),
  });
  interrupts.watch(gate.child);
  const starving = fault === 'starved' ? starve(gate.child) : undefined;
  const { code, signal } = await gate.ended;
  clearInterval(starving);
  if (interrupts.killed()) return DIFFERED;
  if (code !== null) return code;
  terminal.write(`lab: the gate was ended by ${signal}`);
  return interrupts.came() ? INTERRUPTED : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
}

function isPromised(cause: string | null, promised: string | null): boolean {
  if (promised?.endsWith('*')) return cause?.startsWith(promised.slice(0, -1)) === true;
  return cause === promised;
}

async function judge({ lab, wanted, options, terminal }: Played, code: number): Promise<number> {
  const { scenario, vllmAssets } = wanted;
  const { outputDir } = options;
  const { write } = terminal;
  const { gcp, github, kube } = await lab.record();
  const nodes = gcp.nodes[LAB.nodePool]?.length ?? 0;
  const target = gcp.targetSize[LAB.nodePool] ?? 0;
  write('');
  write(`lab: node pool ${LAB.nodePool} has ${nodes} nodes and is asked to hold ${target}; its resting size is 0`);
  write(`lab: ${github.comments.length} comment on pull request ${LAB.pullRequest}; files in ${outputDir}/`);
  if (code === INTERRUPTED) return nodes + target === 0 ? INTERRUPTED : DIFFERED;
  if (code > 128) {
    if (nodes + target > 0) write("lab: nodes of a run that was killed are the sweeper's, once its lease has run out");
    return code;
  }
  const result = JSON.parse(await readFile(join(outputDir, 'result.json'), 'utf8')) as MeasuredResult & {
    diagnosis: { cause: string } | null;
  };
  await writeFile(join(outputDir, 'lab.json'), `${JSON.stringify({ faults: kube.faults })}\n`);
  const cause = result.diagnosis?.cause ?? null;
  const { expect } = scenario;
  // Any verdict on the speed of replicas that share two cores is right; one that was never measured is not.
  const isMeasured = vllmAssets !== null && expect.verdict === 'pass' && result.verdict !== 'error';
  const harm = [
    ...kube.refusedWrites.map((text) => `the API server refused a write of the lab's controllers: ${text}`),
    ...(nodes + target === 0 ? [] : [`${nodes} nodes are left`]),
  ];
  const others = isMeasured
    ? []
    : [
        code === expect.exitCode ? null : `exit code ${code}, not ${expect.exitCode}`,
        result.verdict === expect.verdict ? null : `verdict ${result.verdict}, not ${expect.verdict}`,
        isPromised(cause, expect.cause) ? null : `cause ${cause ?? 'none'}, not ${expect.cause ?? 'none'}`,
      ].filter((difference) => difference !== null);
  const busy = tooBusy(result);
  if (harm.length === 0 && others.length > 0 && busy !== null) {
    write(`lab: this machine is too busy to measure (${busy}); try again, or with a lower --time-scale`);
    return BUSY;
  }
  const differences = [...harm, ...others];
  if (differences.length > 0) {
    write(`lab: NOT as the scenario promises: ${differences.join('; ')}`);
    return DIFFERED;
  }
  if (isMeasured) {
    write(`lab: the run was measured; its verdict, ${result.verdict}, is not judged`);
    return code;
  }
  write(`lab: as the scenario promises: verdict ${expect.verdict}, exit code ${expect.exitCode}`);
  return code;
}
