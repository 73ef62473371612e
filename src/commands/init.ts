import { checkedOut } from '../clients/files/git-remote.ts';
import { canAsk, createAsker } from '../clients/runner/ask.ts';
import { packageRootOf } from '../clients/runner/identity.ts';
import { createWorld } from '../init/discover.ts';
import { init } from '../init/init.ts';
import { createRedactor } from '../lib/redact.ts';
import { neutral } from '../progress/actions.ts';
import { refuse } from './command.ts';
import { exitCode } from './exit-codes.ts';
import { checkoutOf, type SetupFlags } from './setup-flags.ts';

/** Runs `init` on a checkout. `gate`: what the workflows call where the gate's own folder has no commit. Returns the exit code. */
export async function runInit(
  flags: SetupFlags,
  { env, write, gate }: { env: NodeJS.ProcessEnv; write: (line: string) => void; gate: string },
): Promise<number> {
  const { register, redact } = createRedactor();
  const safe = (line: string) => neutral(redact(line));
  const { given, switches } = flags;
  const checkout = await checkoutOf(flags);
  if ('problem' in checkout) return refuse(safe(checkout.problem));
  const { root } = checkout;
  // An interrupt ends the process, which has nothing to finish.
  const { signal } = new AbortController();
  const world = createWorld({ env, root, signal, onSecret: register });
  const asks = !switches.has('yes') && canAsk(process.stdin, process.stdout);
  const packageRoot = packageRootOf(process.argv[1] ?? '');
  const asker = asks ? createAsker(process.stdin, process.stdout) : null;
  try {
    const end = await init({
      ...{ given, world, asker, root, packageRoot, force: switches.has('force') },
      gate: (await checkedOut(packageRoot)) ?? gate,
      write: (line) => write(safe(line)),
    });
    return 'problems' in end ? refuse(...end.problems.map(safe)) : exitCode('pass');
  } finally {
    asker?.close();
    await world.close();
  }
}
