import { parseArgs } from 'node:util';
import { packageRootOf } from '../clients/runner/identity.ts';
import { isTerminal, liveLine } from '../clients/runner/terminal.ts';
import { ACTION_GROUPS } from '../inputs/groups.ts';
import { parseInputs } from '../inputs/inputs.ts';
import { spellingsIn } from '../inputs/spec.ts';
import { systemClock } from '../lib/poll.ts';
import { createRedactor } from '../lib/redact.ts';
import { storyOf } from '../modes/registry.ts';
import { gate } from '../pipeline/gate.ts';
import { neutral } from '../progress/actions.ts';
import type { Emit } from '../progress/events.ts';
import { jsonRenderer } from '../progress/json.ts';
import { plainRenderer } from '../progress/plain.ts';
import { terminalRenderer } from '../progress/terminal.ts';
import { renderVerdictText } from '../report/formats/text.ts';
import type { Verdict } from '../report/model.ts';
import { resizeCommand } from '../stages/release/release.ts';

const CODES: Record<Verdict, number> = { pass: 0, fail: 1, error: 2, inconclusive: 4, invalid: 4 };

/**
 * `tpu-serving-gate run`: the whole gate in one process. The command line has no post step, so it gives the nodes back
 * before it exits, a second interrupt notwithstanding.
 */
export async function runCommand(args: string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const source = inputsFrom(args, env);
  const parsed = parseInputs(source);
  if ('problems' in parsed || source.strayWords) {
    const problems = 'problems' in parsed ? parsed.problems : [];
    // The word itself is not repeated: it may be a secret whose flag was forgotten.
    if (source.strayWords) problems.unshift('A word belongs to no flag; give each choice as --name value.');
    for (const problem of problems) process.stderr.write(`${problem}\n`);
    return 3;
  }
  const { inputs } = parsed;
  const { register, redact } = createRedactor();
  register(inputs.githubToken);
  const say = await rendererFor(source.show, env, (line) => neutral(redact(line)));
  process.on('unhandledRejection', (reason) => say({ type: 'warning', text: `unhandled: ${String(reason)}` }));
  // Whoever read the output has gone; the nodes must be given back all the same.
  process.stdout.on('error', () => {});
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
        const text = `if this process is killed, finish by hand: ${resizeCommand(lease)}`;
        say({ type: 'fact', stage: 'lease', text });
      },
      // The command line has no post step.
      releases: true,
    },
    storyOf(inputs.mode),
  );
  const lines = renderVerdictText(report);
  if (published.resultPath) lines.push(`result      ${published.resultPath}`);
  say({ type: 'closing', verdict: report.verdict, lines });
  if (report.release?.outcome === 'failed') return 2;
  return interrupted ? 130 : CODES[report.verdict];
}

/** How progress is told: `--json`, `--quiet`, a live line where somebody sits at a terminal, else plain lines. */
async function rendererFor(
  show: 'json' | 'quiet' | null,
  env: Readonly<Record<string, string | undefined>>,
  safe: (line: string) => string,
): Promise<Emit> {
  const { now } = systemClock;
  const write = (line: string) => {
    process.stdout.write(`${safe(line)}\n`);
  };
  if (show === 'json') return jsonRenderer({ now, write });
  const plain = plainRenderer({ now, write });
  if (show === 'quiet') return (event) => event.type === 'closing' && plain(event);
  if (!isTerminal(process.stdout, env)) return plain;
  const live = await liveLine(process.stdout);
  return terminalRenderer({
    now,
    live: {
      show: (text) => live.show(text && (() => safe(text()))),
      print: (line) => live.print(safe(line)),
    },
  });
}

function inputsFrom(args: string[], env: Readonly<Record<string, string | undefined>>) {
  const options = {
    ...Object.fromEntries(spellingsIn(ACTION_GROUPS).map((name) => [name, { type: 'string' as const }])),
    json: { type: 'boolean' as const },
    quiet: { type: 'boolean' as const },
  };
  // Not strict: a near miss gets its answer from the inputs, together with everything else that is wrong.
  const { values, positionals } = parseArgs({ args, options, strict: false, allowPositionals: true });
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  return {
    get: (name: string) => text(values[name]) ?? (name === 'github-token' ? env.GITHUB_TOKEN : undefined),
    given: Object.keys(values).filter((name) => name !== 'json' && name !== 'quiet'),
    show: values.json === true ? ('json' as const) : values.quiet === true ? ('quiet' as const) : null,
    env,
    // The value of a flag that is not known looks the same, and that flag is told of already.
    strayWords: positionals.length > 0 && Object.keys(values).every((name) => name in options),
  };
}
