import { REPOSITORY, VERSION } from '../../lib/version.ts';
import { type Command, refuse } from '../command.ts';
import { ANSWER_FLAGS, CHECKOUT_FLAG, setupFlags } from '../setup-flags.ts';

const OWN = {
  ...CHECKOUT_FLAG,
  yes: { description: 'Ask nothing: take what is found, where there is one of it.' },
  force: { description: 'Replace files that are there and differ.' },
} as const;

/** The released version of the gate, as a workflow calls it. */
export const THIS_GATE = `${REPOSITORY}@v${VERSION}`;

/** `init`: workflows, a file of inputs, and the commands of the quick start for one repository. */
export const INIT: Command = {
  name: 'init',
  group: 'Set up',
  summary: 'write the workflows and the commands that set up a repository',
  details: [
    'It finds the project by gcloud, and the cluster, the pool and the gateway with your Application Default Credentials. At a terminal it asks about what no flag gives.',
    'It writes a workflow each for pull requests, comments, nights, deploys and the sweeper, and .github/tpu-serving-gate.yml. It changes nothing else, and prints the commands for gcloud, kubectl and gh that are left to run.',
  ],
  flags: { ...OWN, ...ANSWER_FLAGS },
  examples: [
    'init --checkout ../my-repo',
    'init --checkout ../my-repo --project my-project --cluster my-cluster --location europe-west4-a --pool tpu-v6e-pool --yes',
  ],
  async run(args, { env, write }) {
    const parsed = setupFlags(args, OWN);
    if ('problems' in parsed) return refuse(...parsed.problems);
    const { runInit } = await import('../init.ts');
    return runInit(parsed.flags, { env, write, gate: THIS_GATE });
  },
};
