import uPlot from 'uplot';
import { isoMinute } from '../../../lib/timestamp.ts';
import type { Chart } from '../charts.ts';
import { type Unit, valueText } from '../values.ts';
import { drawChanges, drawPoints, drawTargets, type Scene } from './draw.ts';
import { dayTexts, TIME_STEPS, tickTexts } from './ticks.ts';

/** What a chart shows and what it reports. */
export interface PlotContext extends Scene {
  /** The first and the last index that all charts show. */
  span: () => readonly [number, number];
  onZoom: (first: number, last: number) => void;
  onAll: () => void;
  onPick: (index: number) => void;
}

const HEIGHT = 240;
const DAY_S = 86_400;
const COLOURS = ['one', 'two', 'three'] as const;
const DASHES = { solid: [], dashed: [8, 4], dotted: [2, 4] };
/** Units whose axis begins at nothing. */
const FROM_ZERO: ReadonlySet<Unit> = new Set(['usd', 'rate', 'tokens', 'ms', 'minutes']);
/** Events that charts share: to zoom is the page's part. */
const SHARED: ReadonlySet<string> = new Set(['mousemove', 'mouseleave']);

/** A chart on the page. */
export interface Drawn {
  /** Shows the span of its context, and the selected night. */
  update: () => void;
  destroy: () => void;
}

/** Draws a chart into its place on the page. */
export function drawChart(place: HTMLElement, chart: Chart, context: PlotContext): Drawn {
  const { interval, lines } = chart;
  const columns = [
    context.times,
    ...lines.map(({ values }) => values),
    ...(interval ? [interval.low, interval.high] : []),
  ];
  const label = place.getAttribute('aria-label')?.replace(SHOWN, '') ?? '';
  const describe = (shown: string) => place.setAttribute('aria-label', `${label}${shown}`);
  const plot = new uPlot(
    options(chart, place.clientWidth, { ...context, describe }),
    columns as uPlot.AlignedData,
    place,
  );
  const fit = new ResizeObserver(() => {
    const width = place.clientWidth;
    if (width > 0 && width !== plot.width) plot.setSize({ width, height: HEIGHT });
  });
  fit.observe(place);
  return {
    update() {
      const [min, max] = ends(context);
      // A drag marks its range in every chart.
      plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      plot.setScale('x', { min, max });
    },
    destroy() {
      fit.disconnect();
      plot.destroy();
    },
  };
}

/** The ends of the axis of time, with room for the outer points. */
function ends({ times, span }: PlotContext): [number, number] {
  const [first, last] = span();
  const [low, high] = [times[first] ?? 0, times[last] ?? 0];
  const pad = Math.max(DAY_S / 2, (high - low) * 0.02);
  return [low - pad, high + pad];
}

/** What follows the description of a chart. */
const SHOWN = / Shown: .*$/;

function options(
  chart: Chart,
  width: number,
  context: PlotContext & { describe: (shown: string) => void },
): uPlot.Options {
  const { unit, targets } = chart;
  const { palette } = context;
  const showAll = () => {
    context.onAll();
    return null;
  };
  const axis = {
    stroke: palette.quiet,
    grid: { stroke: palette.line, width: 1 },
    ticks: { stroke: palette.line },
  };
  return {
    ...{ width, height: HEIGHT, ms: 1e-3 },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    cursor: {
      drag: { setScale: false, dist: 5 },
      focus: { prox: 30 },
      sync: { key: 'nights', filters: { pub: (type) => SHARED.has(type) } },
      bind: { dblclick: () => showAll },
    },
    scales: {
      x: { range: () => ends(context) },
      y: { range: (plot, low, high) => rangeOf(unit, [low, high, ...targetEnds(plot, targets)]) },
    },
    axes: [
      { ...axis, incrs: [...TIME_STEPS], space: 70, values: (_, splits, __, ___, step) => dayTexts(splits, step) },
      { ...axis, size: widthOf, values: (_, splits) => tickTexts(unit, splits) },
    ],
    series: seriesOf(chart, context),
    bands: chart.interval ? [{ series: [chart.lines.length + 2, chart.lines.length + 1], fill: palette.band }] : [],
    hooks: {
      drawClear: [(plot) => drawTargets(plot, chart, context)],
      draw: [
        (plot) => {
          drawChanges(plot, context);
          drawPoints(plot, chart, context);
        },
      ],
      setSelect: [(plot) => zoom(plot, context)],
      setScale: [(plot, key) => (key === 'x' ? context.describe(shownBy(plot, context)) : undefined)],
      ready: [(plot) => pickOnClick(plot, context)],
    },
  };
}

/** ` Shown: 2026-01-05 02:10 to 2026-02-03 02:10.`, by the scale that is drawn. */
function shownBy({ scales }: uPlot, { times }: PlotContext): string {
  const { min = 0, max = 0 } = scales.x ?? {};
  const inside = times.filter((time) => time >= (min ?? 0) && time <= (max ?? 0));
  const [first, last] = [inside[0], inside.at(-1)];
  return first === undefined || last === undefined ? '' : ` Shown: ${minuteOf(first)} to ${minuteOf(last)}.`;
}

const minuteOf = (seconds: number) => isoMinute(new Date(seconds * 1_000).toISOString());

function seriesOf({ unit, lines, interval, targets }: Chart, { palette }: PlotContext): uPlot.Series[] {
  const text = (plot: uPlot, value: number | null) =>
    value === null ? '–' : valueText(unit, value, targets?.[plot.cursor.idx ?? -1] ?? []);
  const edges: uPlot.Series[] = (interval ? ['low', 'high'] : []).map((label) => ({
    label,
    stroke: 'transparent',
    points: { show: false },
    value: text,
  }));
  return [
    { label: 'time', value: (_, seconds) => (seconds === null ? '–' : minuteOf(seconds)) },
    ...lines.map(
      ({ label, dash }, index): uPlot.Series => ({
        label,
        stroke: palette[COLOURS[index] ?? 'one'],
        width: 1.5,
        dash: DASHES[dash],
        // The points of the first line are those of the verdicts.
        points: index === 0 ? { show: false } : { size: 4 },
        value: text,
      }),
    ),
    ...edges,
  ];
}

/** The axis of values: around what is shown, and never a share beyond all. */
function rangeOf(unit: Unit, values: readonly (number | null)[]): [number, number] {
  const known = values.filter((value) => value !== null && Number.isFinite(value)) as number[];
  const [least, most] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const pad = (most - least || Math.abs(most) || 1) * 0.08;
  const low = FROM_ZERO.has(unit) ? Math.min(0, least) : least - pad;
  return unit === 'share' ? [Math.max(0, low), Math.min(1.01, most + pad)] : [low, most + pad];
}

/** The ends of the targets of the nights that are shown. */
function targetEnds(plot: uPlot, targets: Chart['targets']): number[] {
  if (!targets) return [];
  const [first, last] = plot.series[0]?.idxs ?? [0, targets.length - 1];
  return targets.slice(first, last + 1).flatMap((target) => target ?? []);
}

/** Room for the longest tick. */
function widthOf(_: uPlot, texts: string[] | null): number {
  return 22 + 7 * Math.max(4, ...(texts ?? []).map((text) => text.length));
}

/** The nights within what was dragged over become the span of all charts. */
function zoom(plot: uPlot, { times, onZoom, span }: PlotContext): void {
  const { left, width } = plot.select;
  if (width <= 0) return;
  const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')];
  const first = times.findIndex((time) => time >= from);
  const last = times.findLastIndex((time) => time <= to);
  if (first !== -1 && last >= first) onZoom(first, last);
  else onZoom(...span());
}

function pickOnClick(plot: uPlot, { onPick }: PlotContext): void {
  let down = 0;
  plot.over.addEventListener('mousedown', ({ clientX }) => {
    down = clientX;
  });
  plot.over.addEventListener('click', ({ clientX }) => {
    const { idx } = plot.cursor;
    // A drag ends in a click too, and means to look closer.
    if (idx != null && Math.abs(clientX - down) < 4) onPick(idx);
  });
}
