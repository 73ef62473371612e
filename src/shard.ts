import { readFileSync } from 'node:fs';
import { ceilingTimes, measureCeiling } from './load/ceiling.ts';
import { createControl } from './shard/control.ts';
import { runShard } from './shard/run.ts';

/** Beside the start of a pod it is short, and how many load clients there are depends on it. */
const LONGEST_CEILING = { warmMs: 500, measureMs: 2_000 };

/** One load client of the Indexed Job that sends the load from inside the cluster; `dist/load.js`. */
async function main(): Promise<void> {
  const wanted = (name: string) => {
    const value = process.env[name];
    if (value === undefined || value === '') throw new Error(`the variable ${name} is not set`);
    return value;
  };
  const shard = Number(wanted('JOB_COMPLETION_INDEX'));
  const file = process.env.LOAD_PROMPTS;
  const host = wanted('KUBERNETES_SERVICE_HOST');
  const server =
    process.env.LOAD_API ?? `https://${host.includes(':') ? `[${host}]` : host}:${wanted('KUBERNETES_SERVICE_PORT')}`;
  const times = ceilingTimes(Number(wanted('LOAD_PAIR_MS')), LONGEST_CEILING);
  await runShard({
    control: createControl({ server, account: wanted('LOAD_ACCOUNT'), shard }),
    ...{ shard, shards: Number(wanted('LOAD_SHARDS')) },
    prompts: file ? (JSON.parse(readFileSync(file, 'utf8')) as string[]) : null,
    ceilingPerSecond: await measureCeiling({ ...times, mostMs: LONGEST_CEILING.measureMs }),
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exit(1);
  },
);
