import { branchStore } from '../clients/github/branch-store.ts';
import { timerWait } from '../clients/github/retry.ts';
import type { HistoryRecord } from '../history/record.ts';
import { watch } from '../history/watch.ts';
import type { Inputs } from '../inputs/inputs.ts';
import { adviceText } from '../lib/failure.ts';
import { deadline } from '../lib/poll.ts';
import type { Emit } from '../progress/events.ts';
import type { Nights, RunIdentity } from '../report/model.ts';
import { readSeries } from './history.ts';

const LIMIT_MS = 10_000;
/** Nights that a comment shows. */
const SHOWN = 30;

interface NightsContext {
  inputs: Pick<Inputs, 'githubToken' | 'historyBranch' | 'historySeries' | 'pageUrl'>;
  env: Readonly<Record<string, string | undefined>>;
  emit: Emit;
  signal: AbortSignal;
}

/** The nights before a run, from the history branch of its repository; null without one, and where it cannot be read. */
export async function readNights({ id }: RunIdentity, context: NightsContext): Promise<Nights | null> {
  const { githubToken: token, historyBranch: branch, historySeries: series, pageUrl } = context.inputs;
  const repository = context.env.GITHUB_REPOSITORY ?? '';
  if (branch === '' || repository === '' || token === '') return null;
  const signal = deadline(context.signal, LIMIT_MS);
  const access = { token, repository, apiUrl: context.env.GITHUB_API_URL, signal, wait: timerWait };
  try {
    const { records } = await readSeries(branchStore({ ...access, branch }), series);
    return nightsBefore(records, { series, page: pageUrl === '' ? null : pageUrl, run: id });
  } catch (error) {
    context.emit({ type: 'warning', text: `the nights before were not read: ${adviceText(error)}` });
    return null;
  }
}

/** The newest nights of a series that measured a speedup under the same conditions, without the records of one run. */
export function nightsBefore(
  records: readonly HistoryRecord[],
  { series, page, run }: { series: string; page: string | null; run: string },
): Nights {
  const others = records.filter((record) => record.run.id !== run);
  const own = watch(others).figures.find(({ figure }) => figure.id === 'speedup')?.nights ?? [];
  const nights = own.slice(-SHOWN).map(({ value, record: { ts, verdict } }) => ({ at: ts, speedup: value, verdict }));
  return { series, page, nights };
}
