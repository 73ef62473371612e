import { code, link, prose } from './escape.ts';
import { chipMinutes, count, duration, usd, utcMinute } from './format.ts';
import type { Release, Report, ServingCost } from './model.ts';
import { shortSha } from './wording.ts';

/** Where a run's own page and summary are; null without a page. */
export function linksOf({ run }: Pick<Report, 'run'>): ReportLinks {
  return { run: run.url, summary: run.url === null ? null : `${run.url}#summary` };
}

/** Addresses of what belongs to the run; what is null is left out. */
export interface ReportLinks {
  run?: string | null;
  summary?: string | null;
  /** The artifact with result.json and the raw requests. */
  results?: string | null;
  logs?: string | null;
}

/** What the run took and cost, and whether the nodes went back. */
export function moneyLine(report: Report): string {
  const parts = [runTime(report), ...costParts(report), releaseText(report)];
  return `**This run:** ${parts.filter((part) => part !== null).join(' · ')}`;
}

export function linksLine(report: Report, links: ReportLinks): string | null {
  const named: [string, string | null | undefined][] = [
    ['Run', links.run ?? report.run.url],
    ['Summary', links.summary],
    ['Raw results', links.results],
    ['Logs', links.logs],
  ];
  const shown = named.filter(([, address]) => address).map(([label, address]) => link(label, address));
  const parts = [...shown, place(report)].filter((part) => part !== null);
  return parts.length > 0 ? parts.join(' · ') : null;
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

/** Whether the nodes went back, in a few words. Nothing is claimed that was not verified. */
export function releaseText(report: Report): string {
  const { release, plan } = report;
  const name = release?.nodePool ?? plan.nodePool;
  const pool = name === null ? 'node pool' : `node pool ${code(name, 80)}`;
  if (release === null) {
    const lease = report.stages.find(({ stage }) => stage === 'lease');
    if (lease && lease.startedAt === null && lease.outcome !== 'done') return 'no TPU nodes were taken';
    return `${pool} is given back by the post step`;
  }
  if (release.outcome === 'failed') {
    const left = release.nodesLeft === null ? '' : `, ${count(release.nodesLeft, 'node')} left`;
    return `❌ **${pool} was not given back${left}**`;
  }
  if (release.outcome === 'not-needed') return prose(release.message, 200);
  if (release.outcome === 'kept') return keptText(release, pool);
  if (release.nodesLeft === null) return prose(release.message, 200);
  return `✅ ${pool} is back at ${count(release.nodesLeft, 'node')}`;
}

/** ``node pool `v6e` stays with 3 nodes until 16:40 UTC, $35.64 an hour``. */
function keptText({ kept, nodesLeft }: Release, pool: string): string {
  const until = kept?.until ? `until ${utcMinute(kept.until)}` : 'until somebody ends it';
  const usdPerHour = kept?.usdPerHour ?? null;
  const money = usdPerHour === null ? 'price not known' : `**≈ ${usd(usdPerHour)} an hour**`;
  return `${pool} stays with ${count(nodesLeft ?? 0, 'node')} ${until}, ${money}`;
}

function runTime(report: Report): string | null {
  if (report.finishedAt === null) return null;
  const ms = Date.parse(report.finishedAt) - Date.parse(report.startedAt);
  return Number.isFinite(ms) && ms >= 0 ? duration(ms) : null;
}

function costParts(report: Report): (string | null)[] {
  const { cost, release } = report;
  if (!cost) return [release?.outcome === 'not-needed' ? null : 'cost not known'];
  const price = cost.pricePerChipHourUsd === null ? '' : ` at ${usd(cost.pricePerChipHourUsd)} per chip-hour`;
  return [
    `${chipMinutes(cost.chipMinutes)}`,
    cost.usd === null ? 'price not known' : `**≈ ${usd(cost.usd)}**${price}`,
    cost.usdPerMillionRequests === null ? null : `${usd(cost.usdPerMillionRequests)} per million requests`,
  ];
}

/** `commit 4f1c2ab on 3 × ct6e-standard-4t, europe-west4-a` */
function place(report: Report): string | null {
  const { plan, environment, run } = report;
  const sha = shortSha(run.sha);
  const machines = environment.machineType
    ? `${plan.nodes === null ? '' : `${plan.nodes} × `}${code(environment.machineType, 60)}`
    : null;
  const where = [machines, plan.location === '' ? null : code(plan.location, 60)].filter((part) => part !== null);
  if (sha === null && where.length === 0) return null;
  return `${sha === null ? '' : `commit ${sha}`}${where.length > 0 ? ` on ${where.join(', ')}` : ''}`.trim();
}
