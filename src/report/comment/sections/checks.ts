import { code, html, prose } from '../../escape.ts';
import { count, integer, percent } from '../../format.ts';
import type { PodCount, Report } from '../../model.ts';
import { CHECK_WORDS, shortNames, tally } from '../../wording.ts';
import { paragraphs, table } from '../markdown.ts';
import type { Section } from './section.ts';

/** Every check of the verify stage, and who served what. */
export function checks(report: Report): Section | null {
  if (report.checks.length === 0) return null;
  return {
    name: 'checks',
    summary: `Checks: ${html(tally(report.checks))}`,
    body: paragraphs([
      checkTable(report),
      distribution(report),
      hitRate(report),
      pickerHeader(report),
      gatewayCounts(report),
    ]),
    open: false,
  };
}

function checkTable(report: Report): string {
  return table(
    ['Result', 'Check', 'Seen', 'Expected'],
    ['left', 'left', 'left', 'left'],
    report.checks.map((check) => [
      CHECK_WORDS[check.outcome],
      prose(check.title, 120),
      prose(check.seen, 300),
      prose(check.expected, 200),
    ]),
  );
}

function distribution(report: Report): string | null {
  const { routing } = report;
  if (!routing) return null;
  const { sharedPrefix, unique } = routing;
  const pods = [...new Set([...sharedPrefix.perPod, ...unique.perPod].map(({ pod }) => pod))];
  if (pods.length === 0) return null;
  const names = shortNames(pods);
  const served = (counts: PodCount[], pod: string) => integer(counts.find((one) => one.pod === pod)?.requests ?? 0);
  const { groups } = sharedPrefix;
  const homes = {
    sent: groups.length,
    perPod: pods.map((pod) => ({ pod, requests: groups.filter((group) => onlyHomeOf(group) === pod).length })),
  };
  const row = (label: string, part: { sent: number; perPod: PodCount[] }) => [
    label,
    integer(part.sent),
    ...pods.map((pod) => served(part.perPod, pod)),
  ];
  return table(
    ['Served by, from the pods’ own counters', 'Sent', ...pods.map((pod) => code(names.get(pod) ?? pod, 60))],
    ['left', 'right', ...pods.map(() => 'right' as const)],
    [
      row(`Shared prefix of ${integer(routing.prefixTokens)} tokens`, sharedPrefix),
      ...(groups.length > 1 ? [row('Groups of one prefix, wholly on one replica', homes)] : []),
      row('Unique prompts', unique),
    ],
  );
}

/** The one pod that served all of a group. */
function onlyHomeOf(group: readonly PodCount[]): string | null {
  const serving = group.filter(({ requests }) => requests > 0);
  return serving.length === 1 ? (serving[0]?.pod ?? null) : null;
}

function hitRate(report: Report): string | null {
  const rate = report.routing?.hitRate;
  if (!rate) return null;
  const measured = rate.measured === null ? 'could not be observed' : `was ${percent(rate.measured, 1)} of tokens`;
  return (
    `The prefix-cache hit rate over the shared-prefix requests ${measured}; ` +
    `routing by prefix cache would give ${percent(rate.aware, 1)}, random routing ${percent(rate.random, 1)}.`
  );
}

/** The second witness of who served: the gateway's own Envoys. */
function gatewayCounts(report: Report): string | null {
  const gateway = report.routing?.gateway;
  if (!gateway) return null;
  if (gateway.problem !== null) return `The gateway’s own counters could not be read: ${prose(gateway.problem, 300)}`;
  const names = shortNames(gateway.perPod.map(({ pod }) => pod));
  const served = gateway.perPod.map(({ pod, requests }) => `${code(names.get(pod) ?? pod, 60)} ${integer(requests)}`);
  return `The gateway’s own counters (${count(gateway.proxies, 'proxy', 'proxies')}): ${served.join(', ')}.`;
}

function pickerHeader(report: Report): string | null {
  const header = report.routing?.pickerHeader;
  if (!header) return null;
  return `${integer(header.seen)} of ${count(header.answers, 'answer')} carried the endpoint picker’s response header.`;
}
