import { stringify } from 'yaml';
import { CONFIG_FILE } from '../inputs/config-rules.ts';
import { rawAddress } from '../lib/gate-files.ts';
import { VERSION } from '../lib/version.ts';
import type { Answers } from './answers.ts';
import { cloudNames } from './names.ts';

/** A workflow of the gate that a repository calls. */
interface Caller {
  /** Of the gate, in its folder of workflows. */
  calls: string;
  name: string;
  on: (answers: Answers) => unknown;
  /** The sum of what the jobs of the called workflow have. */
  permissions: Readonly<Record<string, 'read' | 'write'>>;
  with: (answers: Answers) => Readonly<Record<string, string>>;
}

const identity = (answers: Answers) => {
  const { provider, account } = cloudNames(answers);
  return { 'workload-identity-provider': provider, 'service-account': account };
};
const stack = ({ manifests }: Answers): Record<string, string> =>
  manifests === DEFAULT_MANIFESTS ? {} : { manifests };

/** Where the called workflows look for the stack. */
export const DEFAULT_MANIFESTS = 'manifests/pattern3';

/**
 * The workflows that `init` writes, by their files. The identity is in each of them and not in the file of inputs: a push has
 * another one than what costs money, and somebody at a terminal has their own.
 */
export const CALLERS: Readonly<Record<string, Caller>> = {
  '.github/workflows/tpu-pull-request.yml': {
    calls: 'pull-request.yml',
    name: 'TPU pull request',
    on: ({ manifests }) => ({
      pull_request: {
        types: ['opened', 'synchronize', 'reopened', 'labeled'],
        paths: [`${manifests}/**`, CONFIG_FILE],
      },
    }),
    permissions: { contents: 'read', 'id-token': 'write', 'pull-requests': 'write', checks: 'write' },
    with: (answers) => ({
      ...identity(answers),
      'preflight-service-account': cloudNames(answers).readingAccount,
      ...stack(answers),
    }),
  },
  '.github/workflows/tpu-measure.yml': {
    calls: 'measure.yml',
    name: 'TPU measure',
    on: () => ({ issue_comment: { types: ['created'] } }),
    permissions: {
      ...{ contents: 'read', 'id-token': 'write', 'pull-requests': 'write' },
      ...{ checks: 'write', statuses: 'write' },
    },
    with: (answers) => ({ ...identity(answers), ...stack(answers) }),
  },
  '.github/workflows/tpu-nightly.yml': {
    calls: 'nightly.yml',
    name: 'TPU nightly',
    on: () => ({ schedule: [{ cron: '17 2 * * *' }], workflow_dispatch: {} }),
    permissions: { contents: 'write', 'id-token': 'write', issues: 'write', pages: 'write' },
    with: (answers) => ({ ...identity(answers), ...stack(answers) }),
  },
  '.github/workflows/tpu-deploy.yml': {
    calls: 'deploy.yml',
    name: 'TPU deploy',
    on: () => ({
      workflow_dispatch: {
        inputs: { mode: { type: 'choice', options: ['deploy', 'restore', 'cleanup'], default: 'deploy' } },
      },
    }),
    permissions: { contents: 'read', 'id-token': 'write', deployments: 'write' },
    with: (answers) => ({ ...identity(answers), mode: `\${{ inputs.mode }}` }),
  },
  '.github/workflows/tpu-sweep.yml': {
    calls: 'sweep.yml',
    name: 'TPU sweep',
    on: () => ({ schedule: [{ cron: '*/30 * * * *' }], workflow_dispatch: {} }),
    permissions: { contents: 'read', 'id-token': 'write', actions: 'read', issues: 'write', deployments: 'write' },
    with: identity,
  },
};

/** The text of every file that `init` writes, by its path in the repository. */
export function filesOf(answers: Answers): Record<string, string> {
  const workflows = Object.entries(CALLERS).map(([path, caller]) => [path, workflow(caller, answers)]);
  return { ...Object.fromEntries(workflows), [CONFIG_FILE]: configFile(answers) };
}

function workflow({ calls, name, on, permissions, with: inputs }: Caller, answers: Answers): string {
  const [repository = '', ref = ''] = answers.gate.split('@');
  return [
    `name: ${name}`,
    `on: ${inline(on(answers))}`,
    'jobs:',
    '  gate:',
    // The version of a commit is a comment, as for every action that is pinned.
    `    uses: ${repository}/.github/workflows/${calls}@${ref}${isCommit(ref) ? ` # v${VERSION}` : ''}`,
    `    permissions: ${inline(permissions)}`,
    '    with:',
    ...Object.entries(inputs(answers)).map(([input, value]) => `      ${input}: ${inline(value)}`),
    '',
  ].join('\n');
}

const isCommit = (ref: string) => /^[0-9a-f]{40}$/.test(ref);

/** A value on one line of YAML. */
function inline(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trim();
}

function configFile(answers: Answers): string {
  const [repository = '', ref = ''] = answers.gate.split('@');
  const schema = rawAddress('docs/config.schema.json', { server: 'https://github.com', repository, ref });
  const { project, location, pool, gateway, namespace, manifests } = answers;
  const cluster = `projects/${project}/locations/${location}/clusters/${answers.cluster}`;
  const inputs = { cluster, 'node-pool': pool, namespace, gateway, manifests };
  return [
    `# yaml-language-server: $schema=${schema}`,
    '# Inputs of tpu-serving-gate. What a workflow or a flag gives counts before it.',
    '# On a pull request it counts as the default branch has it.',
    ...Object.entries(inputs).map(([input, value]) => `${input}: ${inline(value)}`),
    '',
  ].join('\n');
}
