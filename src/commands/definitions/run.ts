import { ACTION_GROUPS, RUN_GROUPS } from '../../inputs/groups.ts';
import { parseInputs } from '../../inputs/inputs.ts';
import { isRunMode, MODE_NAMES } from '../../lib/modes.ts';
import { nearest } from '../../lib/suggest.ts';
import { type Command, refuse } from '../command.ts';
import { withConfigFile } from '../config-file.ts';
import { inputFlags, inputsFromFlags, STRAY_WORD } from '../input-flags.ts';
import { asFlags } from '../spelling.ts';

const OWN = {
  json: { description: 'Write the result as JSON to stdout and nothing else; the progress is JSON Lines on stderr.' },
  quiet: { description: 'Write the verdict alone; with --json no progress.' },
} as const;

/** Commands that may stand after `run`. */
const SETUP: readonly string[] = ['init', 'doctor'];

/** Modes that `run` takes. */
const RUN_MODES = ['auto', ...MODE_NAMES.filter(isRunMode)];

const { mode: MODE, ...INPUTS } = inputFlags(RUN_GROUPS, 'gate');

/** `run`: the gate in one process. */
export const RUN: Command = {
  name: 'run',
  group: 'Measure',
  summary: 'lease, deploy, verify, measure, judge, release',
  details: [
    'The flags are the inputs of the action. GITHUB_TOKEN stands in for --github-token. An input that no flag gives is taken from .github/tpu-serving-gate.yml, where there is one.',
    'At a terminal the progress is one live line, elsewhere plain lines. The nodes are released before the command ends, also after an interrupt.',
  ],
  flags: { ...OWN, ...(MODE ? { mode: { ...MODE, choices: RUN_MODES } } : {}), ...INPUTS },
  examples: [
    'run --cluster my-cluster --location europe-west4-a --project-id my-project',
    'run --mode preflight --cluster projects/my-project/locations/europe-west4-a/clusters/my-cluster',
    'run --mode deploy --expires-in 4h --cluster my-cluster --location europe-west4-a --json > result.json',
  ],
  async run(args, io) {
    const { env } = io;
    // `npm run gate` is `run`, and `npm run gate -- init` is what a newcomer types.
    const setup = io.commands.find(({ name }) => SETUP.includes(name) && name === args[0]);
    if (setup) return setup.run(args.slice(1), io);
    const flags = inputsFromFlags(args, { groups: ACTION_GROUPS, own: OWN }, env);
    const found = await withConfigFile(flags);
    if ('problems' in found) return refuse(...found.problems);
    const { source } = found;
    const parsed = parseInputs(source);
    const problems = 'problems' in parsed ? parsed.problems : [];
    if ('problems' in parsed || source.strayWords) {
      return refuse(
        ...(source.strayWords ? [STRAY_WORD] : []),
        ...problems.map(asFlags),
        ...modeHint(source.get('mode')),
      );
    }
    const { runCommand } = await import('../run.ts');
    const { json, quiet } = source.own;
    return runCommand(parsed.inputs, { env, isJson: json === true, isQuiet: quiet === true });
  },
};

/** A line with the mode that was meant, for one that is misspelt. */
function modeHint(mode = ''): string[] {
  const near = RUN_MODES.includes(mode.trim()) ? undefined : nearest(mode.trim(), RUN_MODES);
  return mode.trim() !== '' && near ? [`Did you mean --mode ${near}?`] : [];
}
