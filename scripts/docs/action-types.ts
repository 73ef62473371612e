import { stringify } from 'yaml';
import type { InputGroup } from '../../src/inputs/groups.ts';
import { COMPONENTS } from '../../src/inputs/parsers/components.ts';
import type { InputRow } from '../../src/inputs/row.ts';
import { rowsIn } from '../../src/inputs/spec.ts';
import { VERDICT_NAMES } from '../../src/lib/verdicts.ts';

/** A type as typesafegithub/github-actions-typing has it. */
export type Typing =
  | { type: 'string' | 'boolean' | 'integer' | 'float' }
  | { type: 'enum'; 'allowed-values': readonly string[] }
  | { type: 'list'; separator: string; 'list-item': Typing };

const TEXTS: Typing = { type: 'list', separator: ',', 'list-item': { type: 'string' } };
const words = (values: readonly string[]): Typing => ({ type: 'enum', 'allowed-values': values });
const listOf = (values: readonly string[]): Typing => ({ type: 'list', separator: ',', 'list-item': words(values) });

/** Inputs whose row does not show their type. Durations and ranges are strings. */
const OF_INPUTS: Readonly<Record<string, Typing>> = {
  nodes: { type: 'integer' },
  'max-nodes': { type: 'integer' },
  'prompt-tokens': { type: 'integer' },
  'max-tokens': { type: 'integer' },
  'load-shards': { type: 'integer' },
  'pr-number': { type: 'integer' },
  pattern: { type: 'integer' },
  'price-per-chip-hour': { type: 'float' },
  'allowed-kinds': TEXTS,
  'allowed-namespaces': TEXTS,
  'allowed-registries': TEXTS,
  'allowed-references': TEXTS,
  'allowed-fields': TEXTS,
  components: listOf(COMPONENTS),
  'fail-on': listOf([...VERDICT_NAMES.filter((name) => name !== 'pass'), 'never']),
};

/** Outputs that are no text. A number that is not known is empty. */
const OF_OUTPUTS: Readonly<Record<string, Typing>> = {
  ...Object.fromEntries(['passed', 'reused', 'changed'].map((name) => [name, { type: 'boolean' }])),
  ...Object.fromEntries(
    [
      ...['speedup', 'speedup-low', 'speedup-high', 'change-ratio', 'change-low', 'change-high'],
      ...['throughput-one', 'throughput-all', 'throughput-serial', 'throughput-parallel'],
      ...['latency-p50', 'latency-p95', 'latency-p99', 'success-rate', 'cache-hit-rate', 'scaling-efficiency'],
      ...['cost-usd', 'chip-minutes'],
    ].map((name) => [name, { type: 'float' }]),
  ),
};

const BOOLEANS: readonly (string | undefined)[] = ['true', 'false'];

/** The type of an input. */
export function typeOfInput(name: string, { choices, default: byDefault }: InputRow): Typing {
  const own = OF_INPUTS[name];
  if (own) return own;
  if (choices) return words(choices);
  return { type: BOOLEANS.includes(byDefault) ? 'boolean' : 'string' };
}

/** The text of an `action-types.yml`: a type for each input of some groups, and for each output of the action file. */
export function actionTypes(groups: readonly InputGroup[], names: { inputs: string[]; outputs: string[] }): string {
  const rows = new Map(rowsIn(groups));
  const inputs = names.inputs.map((name) => {
    const row = rows.get(name);
    return [name, row ? typeOfInput(name, row) : { type: 'string' }];
  });
  const outputs = names.outputs.map((name) => [name, OF_OUTPUTS[name] ?? { type: 'string' }]);
  const note = '# Types of the inputs and outputs, for github-actions-typing. `npm run docs` writes this file.\n';
  const sections = { inputs: Object.fromEntries(inputs), outputs: Object.fromEntries(outputs) };
  return (
    note + stringify(outputs.length > 0 ? sections : { inputs: sections.inputs }, { aliasDuplicateObjects: false })
  );
}
