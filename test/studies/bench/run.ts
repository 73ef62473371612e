import { parseArgs } from 'node:util';
import { collectFindings, type Findings } from './findings.ts';
import { removeDist } from './fresh-dist.ts';

/**
 * `npm run bench [-- SECTION…]`: how fast the gate is, as figures beside their targets. Ratios travel from machine to
 * machine, absolute figures do not. `--write` puts the table of the section growth into docs/method.md, and `--peers` runs
 * load clients that others wrote beside ours. Ends with 1 where a target is missed. Needs a machine that does nothing else.
 */
const SECTIONS: Readonly<
  Record<string, (findings: Findings, options: { write: boolean; peers: boolean }) => Promise<void>>
> = {
  start: async (findings) => (await import('./start.ts')).measureStart(findings),
  client: async (findings, options) => (await import('./load-client.ts')).measureClient(findings, options),
  preflight: async (findings) => (await import('./preflight.ts')).measurePreflight(findings),
  run: async (findings) => (await import('./critical.ts')).measureCriticalPath(findings),
  growth: async (findings, options) => (await import('./growth.ts')).measureGrowth(findings, options),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, peers: { type: 'boolean', default: false } },
});
const unknown = positionals.filter((name) => !(name in SECTIONS));
if (unknown.length > 0) {
  throw new Error(`no section is named ${unknown.join(', ')}; allowed: ${Object.keys(SECTIONS).join(', ')}`);
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const findings = collectFindings(say);
try {
  for (const [name, measure] of Object.entries(SECTIONS)) {
    if (positionals.length > 0 && !positionals.includes(name)) continue;
    say(`\n== ${name}`);
    await measure(findings, values);
  }
} finally {
  await removeDist();
}
say('');
for (const line of findings.missed) say(`MISSED: ${line}`);
if (findings.missed.length === 0) say('Every target holds.');
process.exitCode = findings.missed.length > 0 ? 1 : 0;
