import { SWEEP_GROUPS } from '../../inputs/groups.ts';
import { type Command, type CommandIo, type Flags, refuse } from '../command.ts';
import { withConfigFile } from '../config-file.ts';
import { inputFlags, inputsFromFlags, STRAY_WORD } from '../input-flags.ts';

const POOL: Flags = {
  'node-pool': {
    value: 'VALUE',
    group: 'Cluster',
    description: 'Node pool whose stack is ended. Default: the stacks of all pools.',
  },
};
const JSON_FLAG: Flags = {
  json: { description: 'Write the result as JSON to stdout and nothing else; the progress goes to stderr.' },
};
const INPUTS = inputFlags(SWEEP_GROUPS, 'sweeper');
const TOKEN = 'The flags are the inputs of the action for sweeps. GITHUB_TOKEN stands in for --github-token.';

/** `sweep`: the sweeper, for a terminal or a cron job. */
export const SWEEP: Command = {
  name: 'sweep',
  group: 'Release',
  summary: 'release node pools whose lease has run out',
  details: [TOKEN],
  flags: { ...JSON_FLAG, ...INPUTS },
  examples: ['sweep --project-id my-project --location europe-west4-a --cluster my-cluster'],
  run: (args, io) => start(args, {}, io),
};

/** `cleanup`: the sweeper that also ends stacks which were deployed to stay. */
export const CLEANUP: Command = {
  name: 'cleanup',
  group: 'Release',
  summary: 'release expired node pools, and end stacks that were deployed to stay',
  details: [TOKEN],
  flags: { ...JSON_FLAG, ...POOL, ...INPUTS },
  examples: [
    'cleanup --project-id my-project --location europe-west4-a --cluster my-cluster',
    'cleanup --project-id my-project --location europe-west4-a --cluster my-cluster --node-pool tpu-v6e-pool',
  ],
  run: (args, io) => start(args, POOL, io),
};

async function start(args: string[], own: Flags, { env }: CommandIo): Promise<number> {
  const found = await withConfigFile(
    inputsFromFlags(args, { groups: SWEEP_GROUPS, own: { ...JSON_FLAG, ...own } }, env),
  );
  if ('problems' in found) return refuse(...found.problems);
  const { source } = found;
  if (source.strayWords) return refuse(STRAY_WORD);
  const { sweepCommand } = await import('../sweep.ts');
  const { json, 'node-pool': pool } = source.own;
  const ends = 'node-pool' in own ? { ends: typeof pool === 'string' ? pool : 'all' } : {};
  return sweepCommand(source, { ...ends, isJson: json === true });
}
