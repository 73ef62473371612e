import uPlot from 'uplot';
import { isoMinute } from '../../../lib/timestamp.ts';
import type { Chart } from '../charts.ts';
import { factsOf } from '../facts.ts';
import { valueText } from '../values.ts';
import type { PageData } from '../view.ts';

/** The page's script: charts, filter, download and comparison. Without it the page still has every figure. */

const data: PageData = JSON.parse(document.getElementById('data')?.textContent ?? '');
const COLOURS = ['--one', '--two', '--three'];
const DASHES = { solid: [], dashed: [8, 4], dotted: [2, 4] };
const HEIGHT = 240;
const DAY_S = 86_400;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const when = (seconds: number) => isoMinute(new Date(seconds * 1_000).toISOString());

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

function dayOf(seconds: number): string {
  const date = new Date(seconds * 1_000);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;
}

function options(chart: Chart, width: number): uPlot.Options {
  const { unit, lines, interval, target, id } = chart;
  const limits = target ? [target.low, target.high] : [];
  const text = (value: number | null) => (value === null ? '–' : valueText(unit, value, limits));
  const axis = {
    stroke: colour('--quiet'),
    grid: { stroke: colour('--line'), width: 1 },
    ticks: { stroke: colour('--line') },
  };
  const edges: uPlot.Series[] = interval
    ? ['low', 'high'].map((label) => ({
        label,
        stroke: 'transparent',
        points: { show: false },
        value: (_, value) => text(value),
      }))
    : [];
  return {
    width,
    height: HEIGHT,
    ms: 1e-3,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    cursor: { sync: { key: 'nights' }, focus: { prox: 30 } },
    scales: {
      x: { range: (_, low, high) => (data.times.length === 1 ? [low - DAY_S, low + DAY_S] : [low, high]) },
      y: {
        range: (_, low, high) => {
          const ends = target ? [low, high, target.low, target.high] : [low, high];
          const [least, most] = [Math.min(...ends), Math.max(...ends)];
          const pad = (most - least || Math.abs(most) || 1) * 0.08;
          return [unit === 'usd' || unit === 'rate' || unit === 'ms' ? Math.min(0, least) : least - pad, most + pad];
        },
      },
    },
    axes: [
      { ...axis, values: (_, splits) => splits.map(dayOf), space: 60 },
      { ...axis, size: 76, values: (_, splits) => splits.map((value) => valueText(unit, value)) },
    ],
    series: [
      { label: 'time', value: (_, seconds) => (seconds === null ? '–' : when(seconds)) },
      ...lines.map(({ label, dash }, index) => ({
        label,
        stroke: colour(COLOURS[index] ?? '--one'),
        width: 2,
        dash: DASHES[dash],
        points: { show: true, size: 5 },
        value: (_: uPlot, value: number | null) => text(value),
      })),
      ...edges,
    ],
    bands: interval ? [{ series: [lines.length + 2, lines.length + 1], fill: colour('--band') }] : [],
    hooks: {
      drawClear: [(plot) => drawTarget(plot, chart)],
      draw: [(plot) => drawEpochs(plot)],
      ready: [(plot) => openOnClick(plot, id)],
    },
  };
}

function drawTarget(plot: uPlot, { target }: Chart): void {
  if (!target) return;
  const { ctx, bbox } = plot;
  const [low, high] = [plot.valToPos(target.low, 'y', true), plot.valToPos(target.high, 'y', true)];
  ctx.save();
  ctx.fillStyle = colour('--target');
  ctx.fillRect(bbox.left, high, bbox.width, low - high);
  ctx.strokeStyle = colour('--target-line');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, low);
  ctx.lineTo(bbox.left + bbox.width, low);
  ctx.stroke();
  ctx.restore();
}

function drawEpochs(plot: uPlot): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = colour('--quiet');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const { index } of data.epochs) {
    const x = plot.valToPos(data.times[index] ?? 0, 'x', true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

function openOnClick(plot: uPlot, id: string): void {
  let down = 0;
  plot.over.addEventListener('mousedown', ({ clientX }) => {
    down = clientX;
  });
  plot.over.addEventListener('click', ({ clientX }) => {
    const url = data.runs[plot.cursor.idx ?? -1];
    // A drag ends in a click too, and means to look closer.
    if (url && Math.abs(clientX - down) < 4) open(url, `run-of-${id}`, 'noopener');
  });
}

let drawn: { plot: uPlot; fit: ResizeObserver }[] = [];

/** Draws all charts, anew after a change of the colours. */
function drawCharts(): void {
  for (const { plot, fit } of drawn) {
    fit.disconnect();
    plot.destroy();
  }
  drawn = [];
  for (const place of document.querySelectorAll<HTMLElement>('[data-chart]')) {
    const chart = data.charts.find(({ id }) => id === place.dataset.chart);
    if (!chart) continue;
    const { interval, lines } = chart;
    const columns = [
      data.times,
      ...lines.map(({ values }) => values),
      ...(interval ? [interval.low, interval.high] : []),
    ];
    const plot = new uPlot(options(chart, place.clientWidth), columns as uPlot.AlignedData, place);
    const fit = new ResizeObserver(() => {
      if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
    });
    fit.observe(place);
    drawn.push({ plot, fit });
  }
}

function select(id: string): HTMLSelectElement {
  return document.getElementById(id) as HTMLSelectElement;
}

function filterTable(): void {
  const rows = [...document.querySelectorAll<HTMLTableRowElement>('#table tbody tr')];
  const [range, verdict] = [select('range').value, select('verdict').value];
  let shown = 0;
  for (const [index, row] of rows.entries()) {
    row.hidden = (range !== '' && index >= Number(range)) || (verdict !== '' && row.dataset.verdict !== verdict);
    if (!row.hidden) shown += 1;
  }
  const status = document.getElementById('shown');
  if (status) status.textContent = `${shown} of ${rows.length} runs`;
}

function download(name: string, type: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A record as one level of names, so that a table can hold it. */
function flat(value: unknown, path = ''): [string, string][] {
  if (value === null || typeof value !== 'object') return [[path, value === null ? '' : String(value)]];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, path === '' ? name : `${path}.${name}`));
}

function csv(): string {
  const rows = data.records.map((record) => new Map(flat(record)));
  const names = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  // A spreadsheet takes a leading sign for a formula.
  const cell = (text: string) => `"${text.replace(/^[=+\-@\t]/, "'$&").replaceAll('"', '""')}"`;
  return [names, ...rows.map((row) => names.map((name) => row.get(name) ?? ''))]
    .map((row) => row.map(cell).join(','))
    .join('\r\n');
}

function compareRuns(): void {
  const [from, to] = [select('from').value, select('to').value].map((key) =>
    data.records.find((record) => record.key === key),
  );
  const body = document.getElementById('difference');
  if (!from || !to || !body) return;
  const [was, is] = [new Map(factsOf(from)), new Map(factsOf(to))];
  const rows = [...new Set([...was.keys(), ...is.keys()])]
    .filter((name) => was.get(name) !== is.get(name))
    .map((name) => {
      const row = document.createElement('tr');
      const head = document.createElement('th');
      head.scope = 'row';
      head.textContent = name;
      const cells = [was.get(name), is.get(name)].map((text) => {
        const cell = document.createElement('td');
        cell.textContent = text || '–';
        return cell;
      });
      row.append(head, ...cells);
      return row;
    });
  body.replaceChildren(...rows);
}

function fillChoice(id: string, index: number): void {
  const choice = select(id);
  for (const record of [...data.records].reverse()) {
    choice.add(new Option(`${isoMinute(record.ts)} ${record.verdict}`, record.key));
  }
  choice.selectedIndex = index;
  choice.addEventListener('change', compareRuns);
}

function startTable(form: HTMLFormElement): void {
  form.hidden = false;
  for (const id of ['range', 'verdict']) select(id).addEventListener('change', filterTable);
  document.getElementById('json')?.addEventListener('click', () => {
    download(`${data.series}.json`, 'application/json', JSON.stringify(data.records, null, 2));
  });
  document.getElementById('csv')?.addEventListener('click', () => download(`${data.series}.csv`, 'text/csv', csv()));
  filterTable();
}

drawCharts();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawCharts);

const form = document.querySelector<HTMLFormElement>('form.filter');
if (form) startTable(form);

const comparison = document.getElementById('comparison');
if (comparison) {
  fillChoice('from', 1);
  fillChoice('to', 0);
  comparison.hidden = false;
  compareRuns();
}
