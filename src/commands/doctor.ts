import { timerWait } from '../clients/github/retry.ts';
import { repositorySetup } from '../clients/github/setup.ts';
import { answersIn } from '../doctor/checkout.ts';
import { doctor, findingLines } from '../doctor/doctor.ts';
import { checkedAnswers } from '../init/answers.ts';
import { createWorld } from '../init/discover.ts';
import { createRedactor } from '../lib/redact.ts';
import { VERSION } from '../lib/version.ts';
import { neutral } from '../progress/actions.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { checkoutOf, type SetupFlags } from './setup-flags.ts';

/** Runs `doctor` on a checkout. `gate`: what it takes for the gate where no workflow calls one. Returns the exit code. */
export async function runDoctor(
  flags: SetupFlags,
  { env, write, gate }: { env: NodeJS.ProcessEnv; write: (line: string) => void; gate: string },
): Promise<number> {
  const { register, redact } = createRedactor();
  const safe = (line: string) => neutral(redact(line));
  const { given } = flags;
  const checkout = await checkoutOf(flags);
  if ('problem' in checkout) return refuse(safe(checkout.problem));
  const { root } = checkout;
  const { signal } = new AbortController();
  const read = checkedAnswers(await answersIn(root));
  if ('problems' in read) return refuse(...read.problems.map(safe));
  const token = env.GITHUB_TOKEN ?? '';
  register(token);
  const world = createWorld({ env, root, signal, onSecret: register });
  const access = { token, apiUrl: env.GITHUB_API_URL, signal, wait: timerWait };
  try {
    const end = await doctor({
      ...{ given: { ...read.answers, ...given }, world, root, gate, version: VERSION },
      github: (repository) => (token === '' ? null : repositorySetup({ ...access, repository })),
    });
    if ('problems' in end) return refuse(...end.problems.map(safe));
    const isJson = flags.switches.has('json');
    const lines = isJson ? [JSON.stringify({ findings: end.findings }, null, 2)] : findingLines(end.findings);
    for (const line of lines) write(isJson ? redact(line) : safe(line));
    const states = end.findings.map(({ state }) => state);
    return exitCode(states.includes('missing') ? 'fail' : states.includes('not-checked') ? 'undecided' : 'pass');
  } finally {
    await world.close();
  }
}
