import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const TOOLS = ['kubectl', 'gcloud'] as const;

export const HOW_TO_GET_TOOLS = 'They need kubectl and gcloud on the PATH.';
const PYTHON_SCRIPT = fileURLToPath(new URL('../../scripts/python-kubernetes', import.meta.url));

const PROMTOOL_SCRIPT = fileURLToPath(new URL('../../scripts/promtool', import.meta.url));

const DASHBOARD_SCRIPT = fileURLToPath(new URL('../../scripts/dashboard-check', import.meta.url));

const isThere = (name: string) => spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** Whether the clients that others wrote are here. */
export function hasTools(): boolean {
  return TOOLS.every(isThere);
}

/** Whether Python's client can be tried: there is a Python to install it for, or one that has it. */
export function hasPython(): boolean {
  return Boolean(process.env.KUBERNETES_PYTHON) || isThere('python3');
}

/** Whether promtool can be had: it is named, on the PATH, or Go builds it. */
export function hasPromtool(): boolean {
  return Boolean(process.env.PROMTOOL) || isThere('promtool') || isThere('go');
}

/** Whether Grafana's types can be had: a program of them is named, or Go builds it. */
export function hasDashboardCheck(): boolean {
  return Boolean(process.env.DASHBOARD_CHECK) || isThere('go');
}

/** Ends `npm run test:tools` with one sentence, and a failure, where a client is missing. */
export function setup(): void {
  if (!hasTools()) {
    console.error(`No client of others was tried. ${HOW_TO_GET_TOOLS}`);
    process.exit(1);
  }
  findPromtool();
  findDashboardCheck();
  if (!hasPython()) {
    console.error("NOT RUN: what Python's client makes of the lab (lab/test/tools/python.test.ts). It needs python3.");
    return;
  }
  process.env.KUBERNETES_PYTHON = fetched(
    PYTHON_SCRIPT,
    "Python's client of Kubernetes could not be installed; the lines above say why.",
  );
}

function findPromtool(): void {
  if (!hasPromtool()) {
    console.error(
      'NOT RUN: promtool on the rules and the dashboard (test/tools/promtool.test.ts). It needs promtool or Go.',
    );
    return;
  }
  process.env.PROMTOOL = fetched(PROMTOOL_SCRIPT, 'promtool could not be built; the lines above say why.');
}

function findDashboardCheck(): void {
  if (!hasDashboardCheck()) {
    console.error("NOT RUN: Grafana's types on the dashboard (test/tools/dashboard.test.ts). They need Go.");
    return;
  }
  process.env.DASHBOARD_CHECK = fetched(
    DASHBOARD_SCRIPT,
    "Grafana's types could not be built; the lines above say why.",
  );
}

/** What a script prints, which is where its program is; ends with `otherwise`, and a failure, where the script fails. */
function fetched(script: string, otherwise: string): string {
  const { status, stdout } = spawnSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (status === 0) return stdout.trim();
  console.error(otherwise);
  process.exit(1);
}
