import { PASSES } from './passes.ts';
import { type Cost, GROWING, type Growing } from './sizes.ts';

/** One measurement in a process of its own, so that its processor time and memory are its own. Prints JSON. */
const [what = '', size = ''] = process.argv.slice(2);
if (!(what in GROWING)) throw new Error(`"${what}" is nothing that grows`);
const prepare = PASSES[what as Growing];

/** A pass is repeated until its time is not that of compiling. */
const LEAST_MS = 500;

const { sizes } = GROWING[what as Growing];
await prepare(sizes[0])();
const pass = prepare(Number(size));
const before = process.resourceUsage().maxRSS;
const began = process.cpuUsage();
let passes = 0;
let written = 0;
let spentMs = 0;
do {
  written = await pass();
  passes += 1;
  const { user, system } = process.cpuUsage(began);
  spentMs = (user + system) / 1_000;
} while (spentMs < LEAST_MS);
const peakBytes = 1_024 * (process.resourceUsage().maxRSS - before);
process.stdout.write(`${JSON.stringify({ cpuMs: spentMs / passes, peakBytes, written } satisfies Cost)}\n`);
