import { type Command, type CommandIo, type Flags, parseFlags, refuse } from '../command.ts';

/** Flags of every command that reads a history. */
const PLACE = {
  series: { value: 'NAME', default: 'default', description: 'Series of the history.' },
  branch: {
    value: 'NAME',
    description: 'Branch of GITHUB_REPOSITORY that has the history, in place of FOLDER. GITHUB_TOKEN must be set.',
  },
} as const satisfies Flags;

const FLAGS = {
  add: {
    ...PLACE,
    json: { description: 'Write what was added as JSON to stdout and nothing else; the text goes to stderr.' },
  },
  show: { ...PLACE, json: { description: 'Write the judgement and all records as JSON.' } },
  alert: {
    ...PLACE,
    json: {
      description: 'Write the issues, open and closed, as JSON to stdout and nothing else; the text goes to stderr.',
    },
  },
} as const satisfies Record<string, Flags>;

const FOLDER = { name: 'FOLDER', description: 'Folder of the history; left out with --branch.' };
const USAGE =
  'Give "add FOLDER RESULT…", "show FOLDER" or "alert FOLDER", or --branch NAME in place of FOLDER; and --series NAME.';

const ADD: Command = {
  name: 'add',
  group: 'Results',
  summary: 'keep results, a file for each series and month',
  positionals: [FOLDER, { name: 'RESULT…', description: 'The result.json of each run to keep.' }],
  flags: FLAGS.add,
  examples: ['history add history/ result.json', 'history add --branch tpu-bench-data result.json'],
  run: (args, io) => start('add', args, io),
};

const SHOW: Command = {
  name: 'show',
  group: 'Results',
  summary: 'whether the newest run is worse than those before it',
  details: ['Exits with 1 when the newest run is worse.'],
  positionals: [FOLDER],
  flags: FLAGS.show,
  examples: ['history show history/', 'history show history/ --series v6e', 'history show history/ --json'],
  run: (args, io) => start('show', args, io),
};

const ALERT: Command = {
  name: 'alert',
  group: 'Results',
  summary: 'open, update and close issues about a history',
  details: ['GITHUB_TOKEN and GITHUB_REPOSITORY must be set.'],
  positionals: [FOLDER],
  flags: FLAGS.alert,
  examples: ['history alert history/', 'history alert --branch tpu-bench-data --json'],
  run: (args, io) => start('alert', args, io),
};

/** `history`: results of many runs. */
export const HISTORY: Command = {
  name: 'history',
  summary: 'results of many runs, in a folder or on a branch',
  flags: PLACE,
  subcommands: [ADD, SHOW, ALERT],
  run: async (args) => {
    parseFlags(PLACE, args);
    return refuse(USAGE);
  },
};

async function start(action: keyof typeof FLAGS, args: string[], { env, write }: CommandIo): Promise<number> {
  const { values, words } = parseFlags(FLAGS[action], args);
  const { series, branch, json: isJson } = values;
  const [where, ...files] = branch === undefined ? words : [branch, ...words];
  if (!where || (action === 'add') !== files.length > 0) return refuse(USAGE);
  const { historyCommand } = await import('../history.ts');
  return historyCommand(action, { where, branch, series, files, isJson }, env, write);
}

const PAGE_FLAGS = {
  ...PLACE,
  out: { value: 'FOLDER', default: 'page', description: 'Folder for index.html.' },
  json: { description: 'Write what was written as JSON to stdout and nothing else; the text goes to stderr.' },
} as const satisfies Flags;

/** `page`: a history as HTML. */
export const PAGE: Command = {
  name: 'page',
  group: 'Results',
  summary: 'the history as one page of HTML',
  details: ['The page needs no network. It has every series of the history, and shows the one of --series first.'],
  positionals: [FOLDER],
  flags: PAGE_FLAGS,
  examples: ['page history/', 'page --branch tpu-bench-data --out site', 'page history/ --json'],
  async run(args, { env, write }) {
    const { values, words } = parseFlags(PAGE_FLAGS, args);
    const { series, branch, out, json: isJson } = values;
    const [where, ...more] = branch === undefined ? words : [branch, ...words];
    if (!where || more.length > 0) {
      return refuse('Give the FOLDER of a history, or --branch NAME; and --series NAME, --out FOLDER.');
    }
    const { pageCommand } = await import('../page.ts');
    return pageCommand({ where, branch, series, out, isJson }, env, write);
  },
};
