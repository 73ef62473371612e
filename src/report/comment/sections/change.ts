import { CHANGE_CONFIDENCE } from '../../../lib/confidence.ts';
import { decimal } from '../../../lib/number.ts';
import { ratioText } from '../../../lib/speedup.ts';
import { changeOf, changeSentence, changeText } from '../../change.ts';
import { code, prose } from '../../escape.ts';
import { count, duration, integer, milliseconds, NOT_MEASURED, percent, requestsPerSecond } from '../../format.ts';
import type { ArmComparison, ChangeFigures, Percentile, Percentiles, Report, StackFigures } from '../../model.ts';
import { bullets, paragraphs, table } from '../markdown.ts';
import type { Section } from './section.ts';

/** `no-worse` as words. */
const words = (verdict: string) => verdict.replaceAll('-', ' ');

/** Both stacks side by side; null where nothing was compared. */
export function change(report: Report): Section | null {
  const found = changeOf(report);
  if (!found) return null;
  const differences = differencesOf(report);
  const routing = routingNote(report, found);
  if (!found.change) {
    if (differences.length === 0) return null;
    return {
      name: 'change',
      summary: `Against the base: ${words(found.verdict)}, ${count(report.differences?.length ?? 0, 'field')} ${report.differences?.length === 1 ? 'differs' : 'differ'}`,
      body: paragraphs([prose(changeSentence(found), 400), bullets(differences), routing]),
      open: false,
    };
  }
  const text = changeText(found);
  return {
    name: 'change',
    summary: `Against the base: ${text ? `${text.value} the throughput (${text.range}×), ` : ''}${words(found.verdict)}`,
    body: paragraphs([
      prose(changeSentence(found), 400),
      differences.length > 0 ? bullets(differences) : null,
      routing,
      table(['', 'Difference', 'Under test', 'Base'], ['left', 'right', 'right', 'right'], rowsOf(found.change)),
      bullets(howMeasured(found.change, differences.length > 0)),
    ]),
    open: found.verdict === 'regressed',
  };
}

/** So many are shown; result.json has more. */
const SHOWN = 8;

function differencesOf({ differences = [] }: Report): string[] {
  const value = (text: string | null) => (text === null ? 'not there' : code(text, 80));
  const shown = differences.slice(0, SHOWN).map(({ what, base, head }) => {
    if (base === null) return `${code(what, 100)} added: ${value(head)}`;
    if (head === null) return `${code(what, 100)} removed, was ${value(base)}`;
    return `${code(what, 100)}: ${value(base)} → ${value(head)}`;
  });
  const more = differences.length - shown.length;
  return more > 0 ? [...shown, `and ${count(more, 'more field')} in result.json`] : shown;
}

/** One replica of each stack is asked past the choice of its endpoint picker. */
function routingNote({ differences = [] }: Report, { change: figures }: ArmComparison): string | null {
  if (!differences.some(({ isRouting }) => isRouting) || figures?.baseReplicas === 'all') return null;
  return '**The change concerns routing, which one base replica cannot show.** Compare all replicas with `base-replicas: all`.';
}

type Row = [title: string, read: (stack: StackFigures) => number | null, show: (value: number) => string];

const ROWS: readonly Row[] = [
  ['Throughput at equal load', ({ load }) => load.requestsPerSecond, requestsPerSecond],
  ['Requests answered', ({ load }) => load.successRate, (share) => percent(share, 1)],
  ['Tokens per prompt', ({ tokensPerPrompt }) => tokensPerPrompt, (value) => decimal(value, 1)],
  ['Prefix-cache hit rate', ({ hitRate }) => hitRate, (share) => percent(share, 1)],
  ['Model load time, slowest replica', ({ readyMs }) => readyMs, duration],
  ['KV cache of a replica', ({ kvCacheTokens }) => kvCacheTokens, (value) => `${integer(value)}\u00a0tokens`],
];

const LATENCIES: readonly [title: string, read: (stack: StackFigures) => Percentiles | null][] = [
  ['Latency', ({ load }) => load.latencyMs],
  ['TTFT, open loop', ({ ttftMs }) => ttftMs],
  ['TPOT, open loop', ({ tpotMs }) => tpotMs],
  ['End to end, open loop', ({ e2eMs }) => e2eMs],
];

function rowsOf({ head, base }: ChangeFigures): string[][] {
  const figures = ROWS.map(([title, read, show]) => {
    const [own, other] = [read(head), read(base)];
    return [title, difference(own, other), shown(own, show), shown(other, show)];
  });
  const latencies = LATENCIES.flatMap(([title, read]) => {
    const [own, other] = [read(head), read(base)];
    return (['p50', 'p95'] as const).map((key) => [
      `${title} ${key}`,
      difference(own?.[key].value ?? null, other?.[key].value ?? null),
      shown(own?.[key] ?? null, withLimits),
      shown(other?.[key] ?? null, withLimits),
    ]);
  });
  const [throughput = [], ...others] = figures;
  return [throughput, ...latencies, ...others];
}

function shown<T>(value: T | null, show: (value: T) => string): string {
  return value === null ? NOT_MEASURED : show(value);
}

/** `486 (471–503) ms` */
function withLimits({ value, low, high }: Percentile): string {
  const limits = low === null || high === null ? '' : ` (${milliseconds(low)}–${milliseconds(high)})`;
  return `${milliseconds(value)}${limits}\u00a0ms`;
}

/** `+3.1%` of the base. */
function difference(own: number | null, other: number | null): string {
  if (own === null || other === null || other === 0) return '–';
  const share = 100 * (own / other - 1);
  return `${share > 0 ? '+' : ''}${decimal(share, 1)}%`;
}

function howMeasured(
  { method, pairs, looks, base, head, nodeDeviation, control, vetoes, warnings, baseReplicas }: ChangeFigures,
  hasDifferences: boolean,
): string[] {
  const stopped = {
    'no-worse': 'the lower limit had been crossed',
    regressed: 'the upper limit had been crossed',
    budget: 'the budget was spent',
    time: 'the time or the money of the run did not reach for another pair',
    aborted: 'the measurement broke off',
  };
  const images =
    hasDifferences || head.vllmImage === base.vllmImage ? [] : [`vLLM image: ${image(base)} → ${image(head)}`];
  return [
    `Method: ${prose(method, 600)}`,
    `Base stack: ${code(base.service, 80)}, ${baseReplicas === 'one' ? 'one replica' : 'all replicas'}; content ${code(base.contentHash.slice(0, 12), 12)} → ${code(head.contentHash.slice(0, 12), 12)}`,
    ...images,
    ...controlLine(control),
    `Stopped after ${count(pairs.length, 'pair')}: ${stopped[looks.stopped]}. Allowed for what nodes differ by: ${percent(nodeDeviation, 1)}.`,
    ...vetoes.map(({ id, message }) => `**Veto** ${code(id, 60)}: ${prose(message)}`),
    ...warnings.map(({ id, message }) => `**Warning** ${code(id, 60)}: ${prose(message)}`),
  ];
}

/** What chance alone does, beside what the change does. */
function controlLine(control: ChangeFigures['control']): string[] {
  if (!control) return [];
  const { value, range } = ratioText(control.ratio, [1], 3);
  const share =
    control.noiseShare === null
      ? ''
      : `; ${percent(control.noiseShare)} of the variance of the pairs is there without it`;
  return [
    `Control: the base stack against itself is ${value}× (${CHANGE_CONFIDENCE} limits ${range}×) over ${count(control.pairs, 'pair')}. One such pair scatters by ${percent(control.deviation, 1)}${share}.`,
  ];
}

function image({ vllmImage }: StackFigures): string {
  return vllmImage === null ? 'not known' : code(vllmImage, 160);
}
