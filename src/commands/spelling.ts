import { ACTION_GROUPS, SWEEP_GROUPS } from '../inputs/groups.ts';
import { spellingsIn } from '../inputs/spec.ts';

const NAMES = [...new Set([...spellingsIn(ACTION_GROUPS), ...spellingsIn(SWEEP_GROUPS)])]
  .sort((a, b) => b.length - a.length)
  .join('|');

/** `Input "cluster"`, `the input "slo"`: whatever the name, for one that is misspelt is an input too. */
const INPUT = /(?:\bthe )?\binput (["`])([a-z][a-z0-9-]*)\1/gi;
/** ``inputs `pairs`, `pair-duration` `` */
const INPUTS = /\binputs ((?:["`][a-z][a-z0-9-]*["`](?:, | and )?)+)/gi;
/** `"max-cost: auto"`, `` `reuse: never` `` */
const WITH_VALUE = new RegExp(`(["\`])(${NAMES}): ([^"\`]+)\\1`, 'g');
/** A name that is quoted, but not as a value: `is "gateway"`, `has "gateway"`. */
const QUOTED = new RegExp(`(?<!\\b(?:is|has|named) )"(${NAMES})"`, 'g');

/** `Set "nodes" to 3`, `without "base-manifests"` */
const VERBED = new RegExp(`(?<=\\b(?:set|raise|lower|give|needs?|without|with) )"(${NAMES})"`, 'gi');

/** A line of a log, in which only what is surely an input is spelt as a flag. */
export function spelled(line: string): string {
  return line
    .replace(INPUT, '--$2')
    .replace(INPUTS, (_, names: string) => names.replace(/["`]([^"`]+)["`]/g, '--$1'))
    .replace(WITH_VALUE, (_, __, name: string, value: string) => `--${name} ${value}`)
    .replace(VERBED, '--$1');
}

/**
 * A sentence about inputs, as a workflow spells them, in the spelling of the command line: `Input "cluster" is missing` as
 * `--cluster is missing`.
 */
export function asFlags(sentence: string): string {
  return spelled(sentence).replace(QUOTED, '--$1');
}
