import type uPlot from 'uplot';
import type { Verdict } from '../../../lib/verdicts.ts';
import type { Chart } from '../charts.ts';
import type { Palette } from './palette.ts';

/** What is drawn on a chart beside its lines. */
export interface Scene {
  times: readonly number[];
  verdicts: readonly Verdict[];
  /** Indices of the nights at which something changed. */
  changes: readonly number[];
  /** Index of the selected night; null for none. */
  selected: () => number | null;
  palette: Palette;
}

/** Those that matter most come last, on top. */
const ORDER: readonly Verdict[] = ['pass', 'inconclusive', 'invalid', 'error', 'fail'];
/** Of a point, in CSS pixels: of a pass where nights are close together and where they are not, and of the others at least. */
const RADIUS = { least: 1.25, most: 4, other: 3.5 } as const;

/** Draws the target of each night behind the lines, as far as halfway to its neighbours. */
export function drawTargets(plot: uPlot, { targets }: Chart, { times, palette }: Scene): void {
  if (!targets) return;
  const { ctx, bbox } = plot;
  const x = (index: number) => clampX(plot, plot.valToPos(times[index]!, 'x', true));
  const between = (before: number, after: number) => {
    if (after === 0) return bbox.left;
    return after === times.length ? bbox.left + bbox.width : (x(before) + x(after)) / 2;
  };
  ctx.save();
  ctx.fillStyle = palette.target;
  ctx.strokeStyle = palette.targetLine;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6, 4].map((part) => part * devicePixelRatio));
  ctx.beginPath();
  for (let first = 0; first < targets.length; ) {
    const target = targets[first];
    let next = first + 1;
    while (next < targets.length && isSame(targets[next], target)) next += 1;
    const [left, right] = [between(first - 1, first), between(next - 1, next)];
    if (target && right > left) {
      const [low, high] = target.map((end) => clampY(plot, plot.valToPos(end, 'y', true))) as [number, number];
      ctx.fillRect(left, high, right - left, low - high);
      ctx.moveTo(left, low);
      ctx.lineTo(right, low);
    }
    first = next;
  }
  ctx.stroke();
  ctx.restore();
}

type Target = NonNullable<Chart['targets']>[number] | undefined;

const isSame = (a: Target, b: Target) => a?.[0] === b?.[0] && a?.[1] === b?.[1];

/** Draws a vertical line at each change point, and a strong one at the selected night. */
export function drawChanges(plot: uPlot, { times, changes, selected, palette }: Scene): void {
  const { ctx } = plot;
  ctx.save();
  ctx.strokeStyle = palette.quiet;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2, 3].map((part) => part * devicePixelRatio));
  ctx.beginPath();
  for (const index of changes) verticalAt(plot, times[index]!);
  ctx.stroke();
  const own = selected();
  if (own !== null) {
    ctx.strokeStyle = palette.text;
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.setLineDash([]);
    ctx.beginPath();
    verticalAt(plot, times[own]!);
    ctx.stroke();
  }
  ctx.restore();
}

function verticalAt({ ctx, bbox, valToPos }: uPlot, time: number): void {
  const x = valToPos(time, 'x', true);
  if (x < bbox.left || x > bbox.left + bbox.width) return;
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
}

/** Draws the points of the first line, each in the colour and the shape of its verdict. */
export function drawPoints(plot: uPlot, { lines }: Chart, { times, verdicts, palette }: Scene): void {
  const { ctx, bbox } = plot;
  const values = lines[0]?.values ?? [];
  const [first, last] = plot.series[0]?.idxs ?? [0, times.length - 1];
  const spacing = bbox.width / devicePixelRatio / Math.max(1, last - first);
  const radius = Math.min(RADIUS.most, Math.max(RADIUS.least, spacing * 0.3));
  const floor = bbox.top + bbox.height - RADIUS.other * devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const verdict of ORDER) {
    const size = (verdict === 'pass' ? radius : Math.max(radius, RADIUS.other)) * devicePixelRatio;
    ctx.fillStyle = palette[verdict];
    ctx.strokeStyle = palette[verdict];
    ctx.lineWidth = 2 * devicePixelRatio;
    ctx.beginPath();
    for (let index = first; index <= last; index += 1) {
      const value = values[index];
      // A night without the figure lies at the bottom, unless nothing is wrong with it.
      if (verdicts[index] !== verdict || (value == null && verdict === 'pass')) continue;
      const y = value == null ? floor : plot.valToPos(value, 'y', true);
      SHAPES[verdict](ctx, plot.valToPos(times[index]!, 'x', true), y, size);
    }
    if (STROKED.has(verdict)) ctx.stroke();
    else ctx.fill();
  }
  ctx.restore();
}

type Shape = (ctx: CanvasRenderingContext2D, x: number, y: number, size: number) => void;

const STROKED: ReadonlySet<Verdict> = new Set(['fail', 'error']);

/** The shapes of the legend in `signs.ts`. */
const SHAPES: Readonly<Record<Verdict, Shape>> = {
  pass(ctx, x, y, size) {
    ctx.moveTo(x + size, y);
    ctx.arc(x, y, size, 0, 2 * Math.PI);
  },
  fail(ctx, x, y, size) {
    ctx.moveTo(x - size, y - size);
    ctx.lineTo(x + size, y + size);
    ctx.moveTo(x + size, y - size);
    ctx.lineTo(x - size, y + size);
  },
  inconclusive: (ctx, x, y, size) => polygon(ctx, [x, y - size], [x + size, y], [x, y + size], [x - size, y]),
  invalid: (ctx, x, y, size) => polygon(ctx, [x, y - size], [x + size, y + size], [x - size, y + size]),
  error(ctx, x, y, size) {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x, y + size);
  },
};

function polygon(ctx: CanvasRenderingContext2D, first: [number, number], ...others: [number, number][]): void {
  ctx.moveTo(...first);
  for (const corner of others) ctx.lineTo(...corner);
  ctx.closePath();
}

function clampX({ bbox }: uPlot, x: number): number {
  return Math.min(bbox.left + bbox.width, Math.max(bbox.left, x));
}

function clampY({ bbox }: uPlot, y: number): number {
  return Math.min(bbox.top + bbox.height, Math.max(bbox.top, y));
}
