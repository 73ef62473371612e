import { type Chart, chartsOf } from '../charts.ts';
import type { SeriesData } from '../view.ts';
import { runsText } from './dom.ts';
import { downloadCsv, downloadJson } from './download.ts';
import type { Palette } from './palette.ts';
import { type Drawn, drawChart, type PlotContext } from './plot.ts';
import { rangeOf, spanOf, spanWith, type View } from './state.ts';

/** One series on the page. */
export interface SeriesView {
  data: SeriesData;
  section: HTMLElement;
  /** Index of a run by its key or by the id of its workflow run; null for one that the series does not have. */
  find: (run: string) => number | null;
  rowOf: (index: number) => HTMLTableRowElement | null;
  /** Shows the view, and returns the first and the last index of what it shows. */
  show: (view: View) => readonly [number, number];
  hide: () => void;
  /** Draws again in the colours of now. */
  redraw: () => void;
}

/** The section of a series, with its charts and its table. `update` is called with what a reader changes. */
export function seriesView(
  section: HTMLElement,
  data: SeriesData,
  { palette, update }: { palette: () => Palette; update: (change: Partial<View>) => void },
): SeriesView {
  const { records } = data;
  const times = records.map(({ ts }) => Math.round(Date.parse(ts) / 1_000));
  const rows = [...section.querySelectorAll<HTMLTableRowElement>('table.runs tbody tr')];
  const drawn = new Map<string, Drawn>();
  let charts: Chart[] | null = null;
  let span: readonly [number, number] = [0, 0];
  let selected: number | null = null;

  const context = (): PlotContext => ({
    ...{ times, verdicts: records.map(({ verdict }) => verdict), changes: data.changes, palette: palette() },
    span: () => span,
    selected: () => selected,
    onZoom: (first, last) => update({ range: rangeOf(times[first]!, times[last]!) }),
    onAll: () => update({ range: 'all' }),
    onPick: (index) => update({ run: records[index]!.key }),
  });
  const find = (run: string) => {
    const at = records.findLastIndex(({ key, run: { id } }) => run !== '' && (key === run || id === run));
    return at === -1 ? null : at;
  };
  const clear = () => {
    for (const each of drawn.values()) each.destroy();
    drawn.clear();
  };
  const draw = () => {
    for (const place of section.querySelectorAll<HTMLElement>('[data-chart]')) {
      const id = place.dataset.chart ?? '';
      charts ??= chartsOf(records);
      const chart = charts.find((each) => each.id === id);
      // A chart in a place without a width would be drawn for nobody.
      if (!chart || drawn.has(id) || place.clientWidth === 0) continue;
      drawn.set(id, drawChart(place, chart, context()));
    }
  };
  startTable(section, data, update);
  return {
    ...{ data, section, find },
    rowOf: (index) => rows[rows.length - 1 - index] ?? null,
    show(view) {
      section.hidden = false;
      selected = find(view.run);
      span = spanWith(spanOf(view.range, times), selected);
      showMetric(section, view.metric);
      for (const each of drawn.values()) each.update();
      draw();
      filterTable(section, rows, { span, selected, verdict: view.verdict });
      return span;
    },
    hide() {
      section.hidden = true;
      clear();
    },
    redraw() {
      clear();
      draw();
    },
  };
}

/** Leaves one chart, or all of them where the series does not have it. */
function showMetric(section: HTMLElement, metric: string): void {
  const figures = [...section.querySelectorAll<HTMLElement>('figure[data-metric]')];
  const one = figures.find((figure) => figure.dataset.metric === metric);
  for (const figure of figures) figure.hidden = one !== undefined && figure !== one;
}

function startTable(section: HTMLElement, data: SeriesData, update: (change: Partial<View>) => void): void {
  const form = section.querySelector<HTMLFormElement>('form.filter');
  if (!form) return;
  form.hidden = false;
  const verdict = form.querySelector<HTMLSelectElement>('.verdict');
  verdict?.addEventListener('change', () => update({ verdict: verdict.value }));
  form.querySelector('.json')?.addEventListener('click', () => downloadJson(data));
  form.querySelector('.csv')?.addEventListener('click', () => downloadCsv(data));
}

/** Leaves the rows of the span and of the verdict, and the selected one. Rows are newest first. */
function filterTable(
  section: HTMLElement,
  rows: readonly HTMLTableRowElement[],
  { span, selected, verdict }: { span: readonly [number, number]; selected: number | null; verdict: string },
): void {
  const choice = section.querySelector<HTMLSelectElement>('select.verdict');
  if (!choice) return;
  choice.value = verdict;
  let shown = 0;
  for (const [at, row] of rows.entries()) {
    const index = rows.length - 1 - at;
    const isOther = choice.value !== '' && row.dataset.verdict !== choice.value;
    const isHidden = index !== selected && (index < span[0] || index > span[1] || isOther);
    if (row.hidden !== isHidden) row.hidden = isHidden;
    if (!isHidden) shown += 1;
    if (index === selected) row.setAttribute('aria-current', 'true');
    else if (row.hasAttribute('aria-current')) row.removeAttribute('aria-current');
  }
  const status = section.querySelector('.shown');
  if (status) status.textContent = `${shown} of ${runsText(rows.length)}`;
}
