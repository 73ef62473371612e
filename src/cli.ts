import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { runCommand } from './commands/run.ts';
import { usage } from './commands/usage.ts';
import { errorText } from './lib/failure.ts';
import { VERSION } from './lib/version.ts';
import { neutral } from './progress/actions.ts';

/** Exit codes of the command line. A leak outranks every verdict, so a failed release is an error. */
export const EXIT = { pass: 0, fail: 1, error: 2, usage: 3, undecided: 4, interrupted: 130 } as const;

/** The command line. Answers the exit code. */
export async function cli(args: string[]): Promise<number> {
  try {
    return await dispatch(args);
  } catch (error) {
    process.stderr.write(`${neutral(errorText(error))}\n`);
    return isUsage(error) ? EXIT.usage : EXIT.error;
  }
}

/** What `parseArgs` throws for flags that it does not know. */
function isUsage(error: unknown): boolean {
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

async function dispatch(args: string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'run':
      return runCommand(rest, process.env);
    case 'sweep': {
      const { sweepCommand } = await import('./commands/sweep.ts');
      return sweepCommand(rest, process.env);
    }
    case 'cleanup': {
      const { sweepCommand } = await import('./commands/sweep.ts');
      return sweepCommand(rest, process.env, { cleanup: true });
    }
    case 'report': {
      const { reportCommand } = await import('./commands/report.ts');
      return reportCommand(rest, say);
    }
    case 'compare': {
      const { compareCommand } = await import('./commands/report.ts');
      return compareCommand(rest, say);
    }
    case 'history': {
      const { historyCommand } = await import('./commands/history.ts');
      return historyCommand(rest, process.env, say);
    }
    case 'page': {
      const { pageCommand } = await import('./commands/page.ts');
      return pageCommand(rest, process.env, say);
    }
    case 'rehearse': {
      const { rehearse } = await import('../lab/rehearse.ts');
      return rehearse(labOptions(rest), { module: process.argv[1] ?? '', write: say });
    }
    case 'lab': {
      const { serveLab } = await import('../lab/serve.ts');
      return serveLab(labOptions(rest), { module: process.argv[1] ?? '', write: say });
    }
    case 'lab-process': {
      const { runLabProcess } = await import('../lab/process.ts');
      runLabProcess();
      return new Promise(() => {});
    }
    case '--version':
      say(VERSION);
      return EXIT.pass;
    case 'help':
    case '--help':
    case '-h':
      say(usage());
      return EXIT.pass;
    case undefined:
      process.stderr.write(`${usage()}\n`);
      return EXIT.usage;
    default:
      process.stderr.write(
        `Command "${command}" is not known; allowed: run, sweep, cleanup, report, compare, history, page, rehearse, lab, help.\n`,
      );
      return EXIT.usage;
  }
}

interface LabArguments {
  scenario: string;
  kube: string;
  timeScale: string;
  outputDir: string;
  json: boolean;
  /** Flags after `--`, for the gate itself. */
  gateFlags: string[];
}

function labOptions(args: string[]): LabArguments {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: args.includes('--'),
    options: {
      scenario: { type: 'string', default: 'pass' },
      kube: { type: 'string', default: 'lab' },
      'time-scale': { type: 'string', default: '20' },
      'output-dir': { type: 'string', default: 'rehearsal' },
      json: { type: 'boolean', default: false },
    },
  });
  return {
    scenario: values.scenario,
    kube: values.kube,
    timeScale: values['time-scale'],
    outputDir: values['output-dir'],
    json: values.json,
    gateFlags: positionals,
  };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

// Started as a source file; the bundle calls `cli` itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const code = await cli(process.argv.slice(2));
  process.stdout.write('', () => process.exit(code));
}
