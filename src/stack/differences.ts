import { parse } from 'yaml';
import type { Manifest } from '../clients/files/manifests.ts';
import type { Container, LLMInferenceService } from '../clients/kubernetes/kinds.ts';
import { describe, refOf } from '../clients/kubernetes/objects.ts';
import type { StackDifference } from '../report/model.ts';
import { argumentOf, CONFIG_TEXT_FLAGS } from './picker.ts';
import { commandLine, isService } from './service.ts';

/** So many are kept: a stack that differs in more is another stack. */
const MOST = 40;
/** Characters of a value. */
const LONGEST = 200;

/**
 * What differs between the stack of a change and that of its base: images, flags of vLLM and of the endpoint picker, weights
 * of its plugins, replicas, and any other field. What concerns routing comes first. Values are text of the manifests. Pure.
 */
export function stackDifferences(head: readonly Manifest[], base: readonly Manifest[]): StackDifference[] {
  const [own, other] = [factsOf(head), factsOf(base)];
  const all = [...new Set([...own.keys(), ...other.keys()])].flatMap((what): StackDifference[] => {
    const [now, before] = [own.get(what) ?? null, other.get(what) ?? null];
    if (now?.value === before?.value) return [];
    const isRouting = (now ?? before)?.isRouting ?? false;
    return [{ what, base: short(before), head: short(now), isRouting }];
  });
  return all.sort((a, b) => Number(b.isRouting) - Number(a.isRouting)).slice(0, MOST);
}

interface StackFact {
  value: string;
  isRouting: boolean;
}

function short(fact: StackFact | null): string | null {
  if (fact === null) return null;
  return fact.value.length <= LONGEST ? fact.value : `${fact.value.slice(0, LONGEST - 1)}…`;
}

function factsOf(manifests: readonly Manifest[]): Map<string, StackFact> {
  const found = new Map<string, StackFact>();
  for (const { object } of manifests) {
    if (isService(object)) serviceFacts(object as LLMInferenceService, found);
    else flatten(object, describe(refOf(object)), (what, value) => found.set(what, { value, isRouting: false }));
  }
  return found;
}

/** Containers whose command lines are read as flags, by their place. */
const READ: readonly { path: string; title: string; isRouting: boolean }[] = [
  { path: 'spec.template.containers.main', title: 'vLLM', isRouting: false },
  { path: 'spec.router.scheduler.template.containers.main', title: 'endpoint picker', isRouting: true },
];

function serviceFacts(service: LLMInferenceService, found: Map<string, StackFact>): void {
  const scheduler = service.spec?.router?.scheduler;
  const containers = [service.spec?.template?.containers, scheduler?.template?.containers];
  for (const [index, { title, isRouting }] of READ.entries()) {
    const main = containers[index]?.find(({ name }) => name === 'main');
    if (main) commandFacts(main, { title, isRouting }, found);
  }
  const inline = (scheduler as { config?: { inline?: unknown } } | undefined)?.config?.inline;
  if (inline !== undefined) pickerFacts(typeof inline === 'string' ? inline : JSON.stringify(inline), found);
  flatten({ metadata: { name: service.metadata.name }, spec: service.spec }, '', (path, value) => {
    const of = READ.find((each) => path.startsWith(`${each.path}.`));
    const rest = of ? path.slice(of.path.length + 1) : '';
    if (/^(?:args|command)(?:\.|$)/.test(rest) || path.startsWith('spec.router.scheduler.config.inline')) return;
    const what = of ? `${of.title} ${rest}` : path.replace(/^spec\./, '');
    found.set(what, { value, isRouting: path.startsWith('spec.router.') });
  });
}

/** Flags by their names; words that belong to none of them count as one text. */
function commandFacts(
  main: Container,
  { title, isRouting }: { title: string; isRouting: boolean },
  found: Map<string, StackFact>,
): void {
  const args = main.args ?? [];
  const text = argumentOf([...(main.command ?? []), ...args], CONFIG_TEXT_FLAGS);
  if (text !== null) pickerFacts(text, found);
  const line = commandLine({ ...main, args: text === null ? args : args.map((each) => each.replace(text, '')) });
  const words: string[] = [];
  let flag: string | null = null;
  for (const word of line.split(' ').filter((each) => each !== '' && each !== '\\')) {
    const [, name, value] = /^(--?[A-Za-z][\w.-]*)(?:=(.*))?$/s.exec(word) ?? [];
    if (name !== undefined && !CONFIG_TEXT_FLAGS.includes(name)) {
      found.set(`${title} ${name}`, { value: value ?? 'set', isRouting });
      flag = value === undefined ? name : null;
    } else if (flag !== null) {
      const what = `${title} ${flag}`;
      const before = found.get(what)?.value;
      found.set(what, { value: before === 'set' || before === undefined ? word : `${before} ${word}`, isRouting });
    } else if (name === undefined) words.push(word);
  }
  if (words.length > 0) found.set(`${title} command`, { value: words.join(' '), isRouting });
}

/** The configuration of the endpoint picker, whose weights are named by their plugins. */
function pickerFacts(text: string, found: Map<string, StackFact>): void {
  let config: unknown;
  try {
    config = parse(text, { maxAliasCount: 100 });
  } catch {
    config = text;
  }
  flatten(config, '', (path, value) => {
    const [, plugin] = /^schedulingProfiles\..*plugins\.([^.]+)\.weight$/.exec(path) ?? [];
    const what = plugin === undefined ? `picker configuration ${path}`.trimEnd() : `weight of ${plugin}`;
    found.set(what, { value, isRouting: true });
  });
}

const NAMES = ['name', 'pluginRef', 'type'] as const;

/** Each value with its path; entries of a list by their names where they have one. */
function flatten(value: unknown, path: string, found: (path: string, value: string) => void): void {
  if (value === null || typeof value !== 'object') {
    if (value !== undefined) found(path, String(value));
    return;
  }
  const entries = Object.entries(value);
  if (entries.length === 0) found(path, Array.isArray(value) ? '[]' : '{}');
  for (const [key, inner] of entries) {
    const named = Array.isArray(value) ? nameOf(inner) : null;
    const at = named ?? key;
    flatten(inner, path === '' ? at : `${path}.${at}`, found);
  }
}

function nameOf(entry: unknown): string | null {
  if (entry === null || typeof entry !== 'object') return null;
  const own = entry as Record<string, unknown>;
  const [name] = NAMES.flatMap((key) => (typeof own[key] === 'string' ? [own[key]] : []));
  return name ?? null;
}
