import { packageRootOf } from '../clients/runner/identity.ts';
import { isTerminal, liveLine } from '../clients/runner/terminal.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { keepForStderr } from '../lib/exit.ts';
import { systemClock } from '../lib/poll.ts';
import { createRedactor, redactSecrets } from '../lib/redact.ts';
import { storyOf } from '../modes/registry.ts';
import { gate } from '../pipeline/gate.ts';
import { neutral } from '../progress/actions.ts';
import type { Emit } from '../progress/events.ts';
import { jsonRenderer } from '../progress/json.ts';
import { plainRenderer } from '../progress/plain.ts';
import { terminalRenderer } from '../progress/terminal.ts';
import { jsonText } from '../report/formats/format.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import { cleanupCommand, resizeCommand } from '../stages/release/by-hand.ts';
import { exitCode, exitCodeOf } from './exit-codes.ts';
import { spelled } from './spelling.ts';

/** What is written: the result as JSON or for people, with the progress or without. */
interface Show {
  isJson: boolean;
  isQuiet: boolean;
}

/**
 * Runs the whole gate in one process. The command line has no post step, so it releases the nodes before it exits, a
 * second interrupt notwithstanding. Returns the exit code.
 */
export async function runCommand(
  inputs: Inputs,
  { env, ...show }: Show & { env: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const { register, redact } = createRedactor();
  register(inputs.githubToken);
  const say = await rendererFor(show, env, (line) => neutral(redact(line)));
  process.on('unhandledRejection', (reason) => say({ type: 'warning', text: `unhandled: ${String(reason)}` }));
  let held = false;
  const { report, published, interrupted } = await gate(
    {
      inputs,
      env,
      packageRoot: packageRootOf(process.argv[1] ?? ''),
      workspace: process.cwd(),
      outputDir: inputs.outputDir || 'tpu-serving-gate-results',
      say,
      onSecret: register,
      redact,
      save: ({ lease }) => {
        if (lease?.phase !== 'held' || held) return;
        held = true;
        const text = `if this process is killed, finish by hand: ${lease.demand ? cleanupCommand(lease) : resizeCommand(lease)}`;
        say({ type: 'fact', stage: 'lease', text });
      },
      // The command line has no post step.
      releases: true,
    },
    await storyOf(inputs.mode),
  );
  const lines = renderVerdictText(report, published.resultPath ? [['result', published.resultPath]] : []);
  say({ type: 'closing', verdict: report.verdict, lines });
  if (show.isJson) process.stdout.write(redactSecrets(redact(jsonText(report))));
  if (report.release?.outcome === 'failed') return exitCode('error');
  return interrupted ? exitCode('interrupted') : exitCodeOf(report.verdict);
}

/** How the run is shown: JSON Lines on stderr, the verdict alone, a live line at a terminal, else plain lines. */
async function rendererFor(
  { isJson, isQuiet }: Show,
  env: Readonly<Record<string, string | undefined>>,
  safe: (line: string) => string,
): Promise<Emit> {
  const { now } = systemClock;
  if (isJson) {
    const write = (line: string) => process.stderr.write(`${safe(line)}\n`);
    return isQuiet ? () => {} : jsonRenderer({ now, write });
  }
  const write = (line: string) => {
    const text = spelled(safe(line));
    process.stdout.write(`${text}\n`);
    keepForStderr(text);
  };
  const plain = plainRenderer({ now, write });
  if (isQuiet) return (event) => event.type === 'closing' && plain(event);
  if (!isTerminal(process.stdout, env)) return plain;
  const live = await liveLine(process.stdout, env);
  return terminalRenderer({
    now,
    live: {
      show: (text) => live.show(text && (() => safe(text()))),
      print: (line) => live.print(spelled(safe(line))),
    },
  });
}
