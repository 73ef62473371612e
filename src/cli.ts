import { pathToFileURL } from 'node:url';
import { dispatch } from './commands/dispatch.ts';
import { exitCode } from './commands/exit-codes.ts';
import { COMMANDS } from './commands/registry.ts';
import { exitProcess, ignoreClosedOutput } from './lib/exit.ts';
import { adviceText, Failure } from './lib/failure.ts';
import { redactSecrets } from './lib/redact.ts';
import { neutral } from './progress/actions.ts';

/** Codes of failures of a file that a command was given. */
const BAD_FILE: ReadonlySet<string> = new Set(['no-file', 'result-unreadable']);

/** The command line. Returns the exit code. */
export async function cli(args: string[]): Promise<number> {
  const write = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  try {
    const { columns } = process.stdout;
    return await dispatch(args, { env: process.env, commands: COMMANDS, write, ...(columns ? { columns } : {}) });
  } catch (error) {
    process.stderr.write(`${neutral(redactSecrets(adviceText(error)))}\n`);
    return exitCode(isUsage(error) ? 'usage' : 'error');
  }
}

/** Whether `parseArgs` threw it, for arguments that a command does not take, or a file given is not a result. */
function isUsage(error: unknown): boolean {
  if (error instanceof Failure && BAD_FILE.has(error.code)) return true;
  return error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}

// Started as a source file; the bundle calls `cli` itself.
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  ignoreClosedOutput();
  exitProcess(await cli(process.argv.slice(2)));
}
