import { type Command, refuse } from '../command.ts';
import { ANSWER_FLAGS, CHECKOUT_FLAG, setupFlags } from '../setup-flags.ts';
import { THIS_GATE } from './init.ts';

const OWN = {
  ...CHECKOUT_FLAG,
  json: { description: 'Write the findings as JSON.' },
} as const;

/** `doctor`: whether everything is there that `init` writes and names. */
export const DOCTOR: Command = {
  name: 'doctor',
  group: 'Set up',
  summary: 'check what init has written and what its commands have set up',
  details: [
    'It reads the workflows and .github/tpu-serving-gate.yml of your repository, and asks Google Cloud, the cluster and GitHub with your credentials. GITHUB_TOKEN is for GitHub. It changes nothing.',
    'It ends with 0 where all of it is there, with 1 where something is missing, and with 4 where nothing is missing but something could not be checked.',
  ],
  flags: { ...OWN, ...ANSWER_FLAGS },
  examples: ['doctor --checkout ../my-repo', 'doctor --checkout ../my-repo --branch trunk --json'],
  async run(args, { env, write }) {
    const parsed = setupFlags(args, OWN);
    if ('problems' in parsed) return refuse(...parsed.problems);
    const { runDoctor } = await import('../doctor.ts');
    return runDoctor(parsed.flags, { env, write, gate: THIS_GATE });
  },
};
