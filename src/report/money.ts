import { code, link, prose } from './escape.ts';
import { chipMinutes, count, duration, usd, utcMinute } from './format.ts';
import type { Release, Report, ServingCost } from './model.ts';
import { shortSha } from './wording.ts';

/** Where a run's own page, its summary and its artifacts are; null without a page. */
export function linksOf({ run, nights }: Pick<Report, 'run' | 'nights'>): ReportLinks {
  const of = (anchor: string) => (run.url === null ? null : `${run.url}#${anchor}`);
  const page = nights?.page ? `${nights.page}#run=${encodeURIComponent(run.id)}` : null;
  return { run: run.url, summary: of('summary'), results: of('artifacts'), page };
}

/** Addresses of what belongs to the run; what is null is left out. */
export interface ReportLinks {
  run?: string | null;
  summary?: string | null;
  /** The artifact with result.json and the raw requests. */
  results?: string | null;
  /** The page of the history, at this run. */
  page?: string | null;
}

export function linksLine(report: Report, links: ReportLinks): string | null {
  const named: [string, string | null | undefined][] = [
    ['Run', links.run ?? report.run.url],
    ['Summary', links.summary],
    ['Artifacts', links.results],
    ['This run on the page', links.page],
  ];
  const shown = named.filter(([, address]) => address).map(([label, address]) => link(label, address));
  const parts = [...shown, place(report)].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
}

/** What is known of the money or of the nodes: a short result, what it is about, and the details. */
export type Cells = [result: string, what: string, seen: string];

/** What the run took and cost. */
export function costCells(report: Report): Cells {
  const { cost, release } = report;
  const took = runTime(report);
  if (!cost) {
    const isFree = release?.outcome === 'not-needed' || (release === null && isUnleased(report));
    return [isFree ? '$0.00' : 'not\u00a0known', 'Cost', took ?? '–'];
  }
  const price = cost.pricePerChipHourUsd === null ? '' : ` at ${usd(cost.pricePerChipHourUsd)} per chip-hour`;
  const amount = cost.usd === null ? 'price not known' : `**≈\u00a0${usd(cost.usd)}**`;
  const chips = `${chipMinutes(cost.chipMinutes)}${price}`;
  return [amount, 'Cost', took === null ? chips : `${took}, ${chips}`];
}

/** Whether the nodes were released. Nothing is claimed that was not verified. */
export function nodesCells(report: Report): Cells {
  const { release, plan } = report;
  const name = release?.nodePool ?? plan.nodePool;
  const pool = name === null ? 'the node pool' : code(name, 80);
  const cells = (result: string, seen: string): Cells => [result, 'Nodes', seen];
  if (release === null) {
    return isUnleased(report)
      ? cells('none', 'no TPU node was leased')
      : cells('to\u00a0come', `the post step releases ${pool}`);
  }
  const left = release.nodesLeft === null ? null : count(release.nodesLeft, 'node');
  switch (release.outcome) {
    case 'failed':
      return cells('❌\u00a0**not released**', `${pool}${left === null ? '' : `, ${left} left`}`);
    case 'not-needed':
      return cells('none', prose(release.message, 200));
    case 'kept':
      return cells('kept', keptText(release, pool));
    case 'released':
      return left === null
        ? cells('done', prose(release.message, 200))
        : cells('✅\u00a0released', `${pool} is at ${left}, after ${duration(release.durationMs)}`);
  }
}

function isUnleased({ stages }: Report): boolean {
  const lease = stages.find(({ stage }) => stage === 'lease');
  return lease !== undefined && lease.startedAt === null && lease.outcome !== 'done';
}

/** `$35.64 an hour, $25,661 a month, $495 per million requests, $30.90 per million output tokens`, of all replicas. */
export function servingText({ all }: ServingCost): string {
  const parts = [
    `${usd(all.usdPerHour)} an hour`,
    `${usd(all.usdPerMonth)} a month`,
    all.usdPerMillionRequests === null ? null : `${usd(all.usdPerMillionRequests)} per million requests`,
    all.usdPerMillionOutputTokens === null ? null : `${usd(all.usdPerMillionOutputTokens)} per million output tokens`,
  ];
  return parts.filter((part) => part !== null).join(', ');
}

/** ``3 nodes of `v6e` until 16:40 UTC, ≈ $35.64 an hour``. */
function keptText({ kept, nodesLeft }: Release, pool: string): string {
  const until = kept?.until ? `until ${utcMinute(kept.until)}` : 'until somebody ends it';
  const usdPerHour = kept?.usdPerHour ?? null;
  const money = usdPerHour === null ? 'price not known' : `**≈\u00a0${usd(usdPerHour)} an hour**`;
  return `${count(nodesLeft ?? 0, 'node')} of ${pool} ${until}, ${money}`;
}

function runTime(report: Report): string | null {
  if (report.finishedAt === null) return null;
  const ms = Date.parse(report.finishedAt) - Date.parse(report.startedAt);
  return Number.isFinite(ms) && ms >= 0 ? duration(ms) : null;
}

/** `commit 4f1c2ab on 3 × ct6e-standard-4t, europe-west4-a`, without a machine `commit 4f1c2ab in europe-west4-a`. */
function place(report: Report): string | null {
  const { plan, environment, run } = report;
  const sha = shortSha(run.sha);
  const machines = environment.machineType
    ? `${plan.nodes === null ? '' : `${plan.nodes} × `}${code(environment.machineType, 60)}`
    : null;
  const zone = plan.location === '' ? null : code(plan.location, 60);
  const where = machines === null ? zone && `in ${zone}` : `on ${[machines, zone].filter((part) => part).join(', ')}`;
  return [sha && `commit ${sha}`, where].filter((part) => part).join(' ') || null;
}
