import { type Command, parseFlags } from '../command.ts';

const FLAGS = {
  format: {
    value: 'NAME',
    default: 'text',
    choices: async () => (await import('../report.ts')).REPORT_FORMATS,
    description: 'Format to write.',
  },
} as const;

const RESULT = 'The result.json of a run.';

/** `report`: a result again. */
export const REPORT: Command = {
  name: 'report',
  group: 'Results',
  summary: 'a result.json again, as text, comment, JUnit and more',
  positionals: [{ name: 'FILE', description: RESULT }],
  flags: FLAGS,
  examples: ['report result.json', 'report result.json --format junit'],
  async run(args, { write }) {
    const { values, words } = parseFlags(FLAGS, args);
    const { reportCommand } = await import('../report.ts');
    return reportCommand(words, values.format, write);
  },
};

const COMPARE_FLAGS = { json: { description: 'Write the comparison as JSON.' } } as const;

/** `compare`: two results side by side. */
export const COMPARE: Command = {
  name: 'compare',
  group: 'Results',
  summary: 'the result.json of two runs, side by side',
  positionals: [
    { name: 'A', description: RESULT },
    { name: 'B', description: 'The result.json of the run to compare with it.' },
  ],
  flags: COMPARE_FLAGS,
  examples: ['compare before.json after.json', 'compare before.json after.json --json'],
  async run(args, { write }) {
    const { values, words } = parseFlags(COMPARE_FLAGS, args);
    const { compareCommand } = await import('../report.ts');
    return compareCommand(words, { write, isJson: values.json });
  },
};
