import { PASSES } from './passes.ts';
import { type Cost, GROWING, type Growing } from './sizes.ts';

/** One measurement in a process of its own, so that its processor time and memory are its own. Prints JSON. */
const [what = '', size = ''] = process.argv.slice(2);
if (!(what in GROWING)) throw new Error(`"${what}" is nothing that grows`);
const prepare = PASSES[what as Growing];

/** A pass is repeated for this long before it counts, and as long while it does: its time is not that of compiling. */
const LEAST_MS = 500;

const { sizes } = GROWING[what as Growing];
await prepare(sizes[0])();
const pass = prepare(Number(size));
const before = process.resourceUsage().maxRSS;
const warm = await repeated();
// A pass as long as all of the warm-up needs no other.
const { cpuMs, written } = warm.passes === 1 ? warm : await repeated();
const peakBytes = 1_024 * (process.resourceUsage().maxRSS - before);
process.stdout.write(`${JSON.stringify({ cpuMs, peakBytes, written } satisfies Cost)}\n`);

/** Milliseconds of processor time for each pass, and what the last one wrote. */
async function repeated() {
  const began = process.cpuUsage();
  for (let passes = 1; ; passes += 1) {
    const written = await pass();
    const { user, system } = process.cpuUsage(began);
    const spentMs = (user + system) / 1_000;
    if (spentMs >= LEAST_MS) return { passes, cpuMs: spentMs / passes, written };
  }
}
