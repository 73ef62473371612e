import { isoMinute } from '../../../lib/timestamp.ts';
import type { HistoryRecord } from '../../record.ts';
import type { SeriesData } from '../view.ts';
import { byId, element } from './dom.ts';
import { comparisonOf } from './facts.ts';

/** Keys of the two runs that are compared; empty for the newest ones. */
export interface Pair {
  from: string;
  to: string;
}

/**
 * Starts the comparison of any two runs of the page. Returns what shows a pair. `onChange` is called with the keys that a
 * reader chose.
 */
export function startComparison(
  data: readonly SeriesData[],
  onChange: (pair: Pair) => void,
): ((pair: Pair, shown: SeriesData) => void) | null {
  const place = document.getElementById('comparison');
  if (!place) return null;
  const records = new Map(data.flatMap((each) => each.records.map((record) => [record.key, record])));
  const [from, to] = [byId<HTMLSelectElement>('from'), byId<HTMLSelectElement>('to')];
  const differing = byId<HTMLInputElement>('differing');
  for (const choice of [from, to]) {
    fill(choice, data);
    choice.addEventListener('change', () => onChange({ from: from.value, to: to.value }));
  }
  differing.addEventListener('change', () => hideSame(differing.checked));
  place.hidden = false;
  let shownPair = '';
  return (pair, shown) => {
    const newest = shown.records.at(-1) ?? [...records.values()].at(-1)!;
    const after = records.get(pair.to) ?? newest;
    const before = records.get(pair.from) ?? previousOf(after, data);
    const own = JSON.stringify([before.key, after.key]);
    if (own === shownPair) return;
    shownPair = own;
    from.value = before.key;
    to.value = after.key;
    byId('difference').replaceChildren(...rowsOf(before, after));
    hideSame(differing.checked);
  };
}

/** The run before another one in its series, or the run itself where there is no other. */
export function previousOf(record: HistoryRecord, data: readonly SeriesData[]): HistoryRecord {
  const own = data.find(({ records }) => records.includes(record))?.records ?? [];
  return own[own.indexOf(record) - 1] ?? record;
}

function fill(choice: HTMLSelectElement, data: readonly SeriesData[]): void {
  for (const { series, records } of data) {
    const group = data.length > 1 ? element('optgroup') : choice;
    if (group instanceof HTMLOptGroupElement) group.label = series;
    const options = records.map(({ ts, verdict, run, key }) => {
      return new Option(`${isoMinute(ts)} ${verdict} #${run.number}`, key);
    });
    group.append(...options.reverse());
    if (group !== choice) choice.append(group);
  }
}

function rowsOf(before: HistoryRecord, after: HistoryRecord): HTMLTableRowElement[] {
  return comparisonOf(before, after).map(({ name, from, to, difference, same }) => {
    const head = element('th', name);
    head.scope = 'row';
    const row = element('tr', head, ...[from, to, difference].map((text) => element('td', text)));
    row.classList.toggle('same', same);
    return row;
  });
}

function hideSame(hide: boolean): void {
  const rows = [...byId('difference').children] as HTMLTableRowElement[];
  const same = rows.filter((row) => row.classList.contains('same'));
  for (const row of same) row.hidden = hide;
  byId('differences').textContent = `${rows.length - same.length} of ${rows.length} differ`;
}
