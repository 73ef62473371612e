import { exitProcess, ignoreClosedOutput } from './lib/exit.ts';
import { redactSecrets } from './lib/redact.ts';
import { neutral } from './progress/actions.ts';

/** The one bundle behind `dist/main.js`, `dist/post.js`, `dist/sweep.js` and `dist/cli.js`; what an entrypoint needs is loaded lazily. */
export function run(name: 'main' | 'post' | 'sweep' | 'cli'): void {
  const entry = {
    main: async () => (await import('./main.ts')).main(),
    post: async () => (await import('./post.ts')).post(),
    sweep: async () => (await import('./sweep.ts')).sweepAction(),
    cli: async () => (await import('./cli.ts')).cli(process.argv.slice(2)),
  }[name];
  ignoreClosedOutput();
  entry().then(
    // Keep-alive sockets would hold the process, and the runner's step, open.
    exitProcess,
    (error: unknown) => {
      // One line: an error of a client library carries requests and their headers.
      process.stderr.write(`${neutral(redactSecrets(error instanceof Error ? error.message : String(error)))}\n`);
      exitProcess(2);
    },
  );
}
