import { type ChildProcess, spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { assetsFolder, HOW_TO_GET_ASSETS } from './apiserver/assets.ts';
import { gateRoles } from './apiserver/roles.ts';
import { LAB, type Lab, startLab } from './lab.ts';
import { SCENARIOS, type Scenario } from './scenarios/scenarios.ts';

export interface RehearseOptions {
  scenario: string;
  /** `lab` for the lab's own API server, `real` for kube-apiserver and etcd. */
  kube: string;
  timeScale: string;
  outputDir: string;
  gateFlags: string[];
}

export interface Terminal {
  /** The module that runs the command line; the gate and the lab's processes are started from it. */
  module: string;
  write: (line: string) => void;
}

/** The folder of the roles, two above the module that runs: that holds for `src/` and for `dist/`. */
function rolesFolder(module: string): URL {
  return pathToFileURL(join(dirname(dirname(realpathSync(module))), 'manifests', 'rbac', '/'));
}

/** Ended otherwise than the scenario promises: a defect of the gate or of the lab. */
const DIFFERED = 5;
const USAGE = 3;

/**
 * Runs the gate as a user would, with inputs and environment only, against the lab; then asks the lab itself what is
 * left. Exits as the gate did, or with 5 when the end is not what the scenario promises.
 */
export async function rehearse(options: RehearseOptions, terminal: Terminal): Promise<number> {
  const scenario = SCENARIOS[options.scenario];
  const timeScale = Number(options.timeScale);
  if (!scenario) {
    terminal.write(`Scenario "${options.scenario}" is not known; allowed: ${Object.keys(SCENARIOS).join(', ')}.`);
    return USAGE;
  }
  if (!(timeScale >= 1 && timeScale <= 100)) {
    terminal.write(`Time scale "${options.timeScale}" is not allowed; give a number from 1 to 100.`);
    return USAGE;
  }
  if (options.kube !== 'lab' && options.kube !== 'real') {
    terminal.write(`Kubernetes API "${options.kube}" is not known; allowed: lab, real.`);
    return USAGE;
  }
  const assets = assetsFolder(process.env);
  if (options.kube === 'real' && !assets) {
    terminal.write(`There is no kube-apiserver to rehearse on. ${HOW_TO_GET_ASSETS}`);
    return USAGE;
  }
  terminal.write(`Rehearsal of scenario "${scenario.name}": ${scenario.summary}.`);
  terminal.write(
    `The lab's clock runs ${timeScale} times faster, provisioning and inference alike: divide rates by ${timeScale}.`,
  );
  terminal.write('');
  const lab = await startLab({
    scenario,
    timeScale,
    seed: 20_260_213,
    ...(options.kube === 'real' && assets
      ? { apiServer: { assets, rbac: await gateRoles(rolesFolder(terminal.module)) } }
      : {}),
    entry: { module: terminal.module, args: ['lab-process'] },
  });
  try {
    const code = await runGate(lab, options, terminal.module, scenario);
    return await judge(lab, scenario, code, options.outputDir, terminal);
  } finally {
    await lab.stop();
  }
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
    ['pair-duration', '4s'],
    ['api-timeout', '3s'],
    ['latency-duration', '4s'],
    ['output-dir', outputDir],
  ].map(([name, value]) => `--${name}=${value}`);
}

async function runGate(lab: Lab, options: RehearseOptions, module: string, scenario: Scenario): Promise<number> {
  const { client: fault, flags } = scenario;
  const preload = fault === 'clock-jump' ? ['--import', JUMPING_CLOCK] : [];
  const workspace = await workspaceOf(scenario, module);
  const own = workspace ? ['--manifests=manifests'] : [];
  const output = workspace ? resolve(options.outputDir) : options.outputDir;
  const child = spawn(
    process.execPath,
    [...preload, realpathSync(module), 'run', ...gateArguments(output), ...own, ...flags, ...options.gateFlags],
    {
      ...(workspace ? { cwd: workspace } : {}),
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', ...lab.env, GITHUB_TOKEN: lab.githubToken },
    },
  );
  // An interrupt reaches the gate too, which gives its nodes back first; the lab must outlive it.
  const ignore = () => {};
  process.on('SIGINT', ignore);
  process.on('SIGTERM', ignore);
  const starving = fault === 'starved' ? starve(child) : undefined;
  return new Promise<number>((done, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      clearInterval(starving);
      process.off('SIGINT', ignore);
      process.off('SIGTERM', ignore);
      done(code ?? (signal === 'SIGINT' ? 130 : 2));
    });
  }).finally(() => workspace && rm(workspace, { recursive: true }));
}

/** A workspace with the manifests that the scenario has the gate test; null for Pattern 3 as it ships. */
async function workspaceOf({ manifests }: Scenario, module: string): Promise<string | null> {
  if (!manifests) return null;
  const { replace = [], drop = [], add = {} } = manifests;
  const workspace = await mkdtemp(join(await realpath(tmpdir()), 'rehearsal-'));
  const folder = join(workspace, 'manifests');
  await cp(new URL('../pattern3/', rolesFolder(module)), folder, { recursive: true });
  for (const file of drop) await rm(join(folder, file));
  for (const [file, text] of Object.entries(add)) await writeFile(join(folder, file), text);
  const kustomization = join(folder, 'kustomization.yaml');
  const listed = (await readFile(kustomization, 'utf8'))
    .split('\n')
    .filter((line) => !drop.some((file) => line.includes(file)))
    .concat(Object.keys(add).map((file) => `  - ${file}`));
  await writeFile(kustomization, `${listed.filter((line) => line !== '').join('\n')}\n`);
  const service = join(folder, 'llminferenceservice.yaml');
  let text = await readFile(service, 'utf8');
  for (const [from, to] of replace) {
    if (!text.includes(from)) throw new Error(`Pattern 3 has no ${JSON.stringify(from)} to change`);
    text = text.replace(from, to);
  }
  await writeFile(service, text);
  return workspace;
}

/** The wall clock of the gate, not its monotonic one: an hour ahead after 8 s, an hour behind after 16 s. */
const JUMPING_CLOCK = `data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  let ahead = 0;
  globalThis.Date = class Date extends Real {
    constructor(...given) {
      super(...(given.length > 0 ? given : [Real.now() + ahead]));
    }
    static now() {
      return Real.now() + ahead;
    }
  };
  for (const [after, hours] of [[8, 1], [16, -1]]) {
    setTimeout(() => { ahead = hours * 3_600_000; }, after * 1_000).unref();
  }
`)}`;

const STARVE_EVERY_MS = 80;

/** Stops the process for half of the time, as a machine does that others use too. */
function starve(child: ChildProcess): NodeJS.Timeout {
  let stopped = false;
  return setInterval(() => {
    stopped = !stopped;
    child.kill(stopped ? 'SIGSTOP' : 'SIGCONT');
  }, STARVE_EVERY_MS);
}

function isPromised(cause: string | null, promised: string | null): boolean {
  if (promised?.endsWith('*')) return cause?.startsWith(promised.slice(0, -1)) === true;
  return cause === promised;
}

async function judge(
  lab: Lab,
  scenario: Scenario,
  code: number,
  outputDir: string,
  { write }: Terminal,
): Promise<number> {
  const { gcp, github, kube } = await lab.record();
  const nodes = gcp.nodes[LAB.nodePool]?.length ?? 0;
  const target = gcp.targetSize[LAB.nodePool] ?? 0;
  write('');
  write(`lab: node pool ${LAB.nodePool} has ${nodes} nodes and is asked to hold ${target}; its resting size is 0`);
  write(`lab: ${github.comments.length} comment on pull request ${LAB.pullRequest}; files in ${outputDir}/`);
  if (code === 130) return nodes + target === 0 ? 130 : DIFFERED;
  const result = JSON.parse(await readFile(join(outputDir, 'result.json'), 'utf8')) as {
    verdict: string;
    diagnosis: { cause: string } | null;
  };
  await writeFile(join(outputDir, 'lab.json'), `${JSON.stringify({ faults: kube.faults })}\n`);
  const cause = result.diagnosis?.cause ?? null;
  const { expect } = scenario;
  const differences = [
    ...kube.refusedWrites.map((text) => `the API server refused a write of the lab's controllers: ${text}`),
    nodes + target === 0 ? null : `${nodes} nodes are left`,
    code === expect.exitCode ? null : `exit code ${code}, not ${expect.exitCode}`,
    result.verdict === expect.verdict ? null : `verdict ${result.verdict}, not ${expect.verdict}`,
    isPromised(cause, expect.cause) ? null : `cause ${cause ?? 'none'}, not ${expect.cause ?? 'none'}`,
  ].filter((difference) => difference !== null);
  if (differences.length > 0) {
    write(`lab: NOT as the scenario promises: ${differences.join('; ')}`);
    return DIFFERED;
  }
  write(`lab: as the scenario promises: verdict ${expect.verdict}, exit code ${expect.exitCode}`);
  return code;
}
