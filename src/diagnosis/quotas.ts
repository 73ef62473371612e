/**
 * The quotas that a refusal names, each with the numbers that it has: `TPUS in us-east5: limit 16, in use 8, asked for 12`.
 * Sentences are those of GKE, Compute Engine and Kubernetes; `facts` is the metadata of google.rpc.ErrorInfo. `nodes` is what
 * was asked for where the sentence does not have it.
 */
export function quotasIn(said: string, facts: Readonly<Record<string, string>>, nodes: number | null): string[] {
  const ofNamespace = /(?:exceeded|failed) quota: ([\w.-]+)(?:, requested: (\S+), used: (\S+), limited: (\S+))?/.exec(
    said,
  );
  if (ofNamespace) return namespaceQuotas(ofNamespace);
  const name = facts.quota_metric ?? facts.quota_limit ?? first(said, NAMES);
  if (!name) return [];
  const limit = facts.quota_limit_value ?? first(said, LIMITS);
  const free = first(said, [/with '?([\d.]+)'? available/i]);
  const used = first(said, [/\busage:? *=? *'?([\d.]+)/i]) ?? difference(limit, free);
  const asked = first(said, [/requires '?([\d.]+)/i, /\brequested:? *=? *'?([\d.]+)/i]);
  const short = first(said, [/is short '?([\d.]+)/i]);
  const place = facts.quota_location ?? first(said, PLACES);
  const numbers = [
    limit && `limit ${number(limit)}`,
    used && `in use ${number(used)}`,
    asked ? `asked for ${number(asked)}` : nodes === null ? '' : `asked for ${nodes} nodes`,
    short && `short of ${number(short)}`,
  ].filter((part) => part);
  return [`${name}${place ? ` in ${place}` : ''}${numbers.length > 0 ? `: ${numbers.join(', ')}` : ''}`];
}

const NAMES = [
  /metric name = ([^\s;,]+)/i,
  /quota(?: metric)? ["']([^"']+)["']/i,
  /resource ["']([^"']+)["']/i,
  /\bquota ([A-Z][A-Z0-9_]{3,})\b/,
];
const LIMITS = [/\blimit:? *=? *'?([\d.]*\d)/i, /has a quota of '?([\d.]*\d)/i];
const PLACES = [/\bin region ([\w-]+)/i, /dimensions = [^.]*?region: ([\w-]+)/i, /\bin zone ([\w-]+)/i];

/** `compute: requests.google.com/tpu limit 16, in use 8, asked for 12`, a line for each resource that was asked for. */
function namespaceQuotas([, name = '', requested = '', used = '', limited = '']: RegExpExecArray): string[] {
  const [asks, uses, limits] = [requested, used, limited].map(amounts);
  const resources = [...(asks ?? new Map<string, string>()).entries()];
  if (resources.length === 0) return [name];
  return resources.map(
    ([resource, asked]) =>
      `${name}: ${resource} limit ${limits?.get(resource) ?? '?'}, in use ${uses?.get(resource) ?? '?'}, asked for ${asked}`,
  );
}

function amounts(list: string): Map<string, string> {
  return new Map(
    list
      .split(',')
      .map((each) => each.split('='))
      .flatMap(([resource, amount]): [string, string][] => (resource && amount ? [[resource, amount]] : [])),
  );
}

function difference(limit: string | undefined, free: string | undefined): string | undefined {
  return limit && free ? String(Number(limit) - Number(free)) : undefined;
}

/** `24.0` as `24`. */
const number = (value: string) => (Number.isFinite(Number(value)) ? String(Number(value)) : value);

function first(said: string, patterns: readonly RegExp[]): string | undefined {
  for (const pattern of patterns) {
    const found = pattern.exec(said)?.[1];
    if (found) return found;
  }
  return undefined;
}
