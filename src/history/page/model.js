import { speedupText } from '../speedup.ts';
import { median, watch, watchSentence } from '../watch.ts';
import { chartsOf } from './charts.ts';
import { ENVIRONMENT } from './facts.ts';
import { address, capital, day, decimal, percent, significant, targetRange, usd } from './text.ts';
import { valueText } from './values.ts';
/** Nights that the page shows; with ten years of them it would still open at once, and older ones stay in the history. */
export const SHOWN = 1000;
/** Recent nights that a tile sums up. */
const RECENT = { level: 7, cost: 30 };
/** The page of a series, from its records in order of time. `alerts`: addresses of issues about it. */
export function pageModel(series, all, { unreadable = 0, alerts = [] } = {}) {
  const records = all.slice(-SHOWN);
  const newest = records.at(-1) ?? null;
  const epochs = epochsOf(records);
  const changedAt = new Map(epochs.map(({ index, changed }) => [index, changed]));
  return {
    series,
    heading: newest ? headingOf(newest) : `No run of series ${series} is known yet`,
    state: newest?.verdict ?? 'none',
    sentences: newest ? sentencesOf(records, newest) : ['The page fills with the first run that is kept.'],
    alerts: alerts.flatMap((url) => address(url) ?? []),
    tiles: newest ? tilesOf(records) : [],
    charts: chartsOf(records),
    times: records.map(({ ts }) => Math.round(Date.parse(ts) / 1000)),
    epochs,
    nights: records.map((record, index) => nightOf(record, changedAt.get(index) ?? [])).reverse(),
    causes: causesOf(records),
    runs: records.map(({ run }) => address(run.url)),
    leftOut: { older: all.length - records.length, unreadable },
    records,
  };
}
function headingOf(record) {
  const on = `on ${day(record.ts)}`;
  const target = record.target ? `, target ${targetRange(...record.target)}` : '';
  const word = capital(record.verdict);
  if (record.m.speedup) return `${word}: ${speedupText(record.m.speedup)} ${on}${target}`;
  return `${word}: nothing was measured ${on}${record.cause ? `, ${record.cause}` : ''}`;
}
function sentencesOf(records, newest) {
  const measured = records.findLast(({ m }) => m.speedup !== null);
  const level = records.filter(({ m }) => m.speedup !== null);
  return [
    newest.m.speedup === null && measured
      ? `Last measured on ${day(measured.ts)}: ${speedupText(measured.m.speedup)}, ${measured.verdict}.`
      : null,
    level.length > 0 ? watchSentence(watch(records)) : null,
  ].filter((sentence) => sentence !== null);
}
function tilesOf(records) {
  const recent = (read) => records.flatMap((record) => read(record) ?? []).slice(-RECENT.level);
  const level = (label, unit, read) => {
    const values = recent(read);
    const note = values.length === 1 ? 'the only run that has it' : `median of the last ${values.length}`;
    return values.length === 0
      ? { label, value: '–', note: 'not measured' }
      : { label, value: valueText(unit, median(values)), note };
  };
  const bills = records.slice(-RECENT.cost).map(({ cost }) => cost.usd);
  const known = bills.filter((usd_) => usd_ !== null);
  return [
    level('Speed-up', 'ratio', ({ m }) => m.speedup?.[0]),
    level('Throughput, all replicas', 'rate', ({ m }) => m.all),
    level('Latency p95', 'ms', ({ m }) => m.p95Ms),
    level('Cache hit rate', 'share', ({ m }) => m.hitRate),
    {
      label: `Cost of the last ${bills.length === 1 ? 'run' : `${bills.length} runs`}`,
      value: known.length === 0 ? '–' : usd(known.reduce((sum, each) => sum + each, 0)),
      note:
        known.length === bills.length
          ? 'at list price'
          : `at list price; ${bills.length - known.length} without a bill`,
    },
  ];
}
function nightOf(record, changed) {
  const { m, run } = record;
  const runUrl = address(run.url);
  const text = (value, as) => (value == null ? '–' : as(value));
  return {
    key: record.key,
    ts: record.ts,
    time: `${record.ts.slice(0, 16).replace('T', ' ')}`,
    verdict: record.verdict,
    speedup: speedupText(m.speedup),
    all: text(m.all, significant),
    one: text(m.one, significant),
    p95: text(m.p95Ms, (value) => decimal(value, 0)),
    hitRate: text(m.hitRate, (value) => percent(value)),
    cost: text(record.cost.usd, usd),
    cause: record.cause ?? '',
    runUrl,
    runNumber: run.number,
    sha: run.sha?.slice(0, 7) ?? null,
    commitUrl: commitUrl(runUrl, run.sha),
    changed,
  };
}
/** The commit beside the run; null for a run that has no page. */
function commitUrl(runUrl, sha) {
  const [, repository] = /^(https?:\/\/.+)\/actions\/runs\/\d+/.exec(runUrl ?? '') ?? [];
  return repository && sha && /^[0-9a-f]{7,64}$/.test(sha) ? `${repository}/commit/${sha}` : null;
}
/**
 * Where an epoch begins: the first night that measured something else than the one that measured before it. A run that
 * died early knows little of its cluster, which is no change of it.
 */
function epochsOf(records) {
  const measured = records.flatMap((record, index) => (record.m.speedup ? [{ record, index }] : []));
  return measured.flatMap(({ record, index }, at) => {
    const before = measured[at - 1]?.record;
    if (!before || before.env.fp === record.env.fp) return [];
    const changed = ENVIRONMENT.flatMap(([name, label]) =>
      before.env[name] === record.env[name]
        ? []
        : [`${label}: ${before.env[name] ?? '–'} → ${record.env[name] ?? '–'}`],
    );
    return [{ index, changed: changed.length > 0 ? changed : ['the flags of vLLM'] }];
  });
}
function causesOf(records) {
  const failed = records.filter(({ cause }) => cause !== null);
  return [...Map.groupBy(failed, ({ cause }) => cause ?? '')]
    .map(([cause, own]) => ({
      cause,
      blame: own.at(-1)?.blame ?? null,
      count: own.length,
      last: day(own.at(-1)?.ts ?? ''),
    }))
    .sort((a, b) => b.count - a.count || (a.cause < b.cause ? -1 : 1));
}
