import { isoMinute } from '../../../lib/timestamp.ts';
import type { SeriesData } from '../view.ts';
import { previousOf, startComparison } from './compare.ts';
import { byId, runsText } from './dom.ts';
import { type Palette, readPalette } from './palette.ts';
import { showSelected } from './selected.ts';
import { seriesView } from './series.ts';
import { DEFAULT_VIEW, formatView, parseView, type View } from './state.ts';

/**
 * The page's script: charts, range, selection, filter, download and comparison. Without it the page still has every figure.
 * The fragment of the address holds what is shown; whatever a reader changes goes through it.
 */

const data: readonly SeriesData[] = JSON.parse(byId('data').textContent ?? '');
let palette: Palette = readPalette();
let view: View = parseView(location.hash) ?? DEFAULT_VIEW;

const all = [...document.querySelectorAll<HTMLElement>('section.series')].map((section, index) =>
  seriesView(section, data[index]!, { palette: () => palette, update }),
);
const comparison = startComparison(data, update);

/** Changes the view, as a new entry of the history of the browser. */
function update(change: Partial<View>): void {
  const next = { ...view, ...change };
  const fragment = formatView(next);
  apply(next);
  // An empty fragment would scroll to the top.
  if (fragment !== formatView(parseView(location.hash) ?? DEFAULT_VIEW)) {
    location.hash = fragment || `range=${DEFAULT_VIEW.range}`;
  }
}

function apply(next: View): void {
  view = next;
  const withRun = all.find(({ find }) => find(view.run) !== null);
  const shown = all.find((each) => each.data.series === view.series) ?? withRun ?? all[0]!;
  for (const each of all) if (each !== shown) each.hide();
  const span = shown.show(view);
  const index = shown.find(view.run);
  showControls(shown.data, span);
  showSelected(index === null ? null : shown.rowOf(index), {
    onClear: () => update({ run: '' }),
    onCompare() {
      const record = shown.data.records[index!]!;
      update({ from: previousOf(record, data).key, to: record.key });
      byId('comparison').scrollIntoView();
    },
  });
  comparison?.(view, shown.data);
  document.title = shown.section.querySelector('h1')?.textContent ?? document.title;
  document.querySelector('.skip')?.setAttribute('href', `#${shown.section.id}-nights`);
}

function showControls({ series, records }: SeriesData, [first, last]: readonly [number, number]): void {
  const choice = document.getElementById('series') as HTMLSelectElement | null;
  if (choice) choice.value = series;
  const range = byId<HTMLSelectElement>('range');
  range.value = view.range;
  // A range that the list does not have is one that was dragged, or written by hand.
  if (range.selectedIndex === -1) range.value = 'zoom';
  const metric = byId<HTMLSelectElement>('metric');
  metric.value = view.metric;
  if (metric.selectedIndex === -1) metric.value = DEFAULT_VIEW.metric;
  const [from, to] = [records[first], records[last]];
  byId('span').textContent =
    from && to ? `${isoMinute(from.ts)} to ${isoMinute(to.ts)}, ${runsText(last - first + 1)}` : '';
}

function start(): void {
  const form = document.querySelector<HTMLFormElement>('form.view');
  if (form) form.hidden = false;
  for (const name of ['series', 'range', 'metric'] as const) {
    const choice = document.getElementById(name) as HTMLSelectElement | null;
    choice?.addEventListener('change', () => {
      // Another series has other runs.
      update({ [name]: choice.value, ...(name === 'series' ? { run: '' } : {}) });
    });
  }
  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>('a[href^="#run="]') : null;
    if (!link) return;
    event.preventDefault();
    update({ run: parseView(link.hash)?.run ?? '' });
    byId('selected').scrollIntoView({ block: 'nearest' });
  });
  addEventListener('hashchange', () => {
    const next = parseView(location.hash);
    if (next && formatView(next) !== formatView(view)) apply(next);
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    palette = readPalette();
    for (const each of all) if (!each.section.hidden) each.redraw();
  });
  apply(view);
  if (view.metric !== DEFAULT_VIEW.metric)
    document.querySelector('figure[data-metric]:not([hidden])')?.scrollIntoView();
}

start();
