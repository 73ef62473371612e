import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Typing, typeOfInput } from '../../scripts/docs/action-types.ts';
import { fieldsOf, readingOf } from '../../src/inputs/reading.ts';
import { INPUTS } from '../../src/inputs/spec.ts';
import { root } from './root.ts';

const read = (path: string) => readFileSync(join(root, path), 'utf8');
/** As github-actions-typing publishes it. */
const validate = new Ajv({ strict: false }).compile(JSON.parse(read('test/fixtures/action-types/schema.json')));

interface Sides {
  inputs?: Record<string, unknown>;
  outputs?: Record<string, unknown>;
}

describe.each(['', 'sweep/'])('%saction-types.yml', (folder) => {
  const types = parse(read(`${folder}action-types.yml`)) as Sides;
  const action = parse(read(`${folder}action.yml`)) as Sides;

  it('follows the schema of github-actions-typing', () => {
    expect(validate(types), JSON.stringify(validate.errors)).toBe(true);
    expect(validate({ inputs: { x: { type: 'enum' } } })).toBe(false);
  });

  it('has a type for each input and output, and for nothing else', () => {
    const names = (sides: Sides) => [Object.keys(sides.inputs ?? {}), Object.keys(sides.outputs ?? {})];
    expect(names(types)).toEqual(names(action));
  });
});

describe('the type of an input', () => {
  /** What the parser of an input has against a text, beside what it has against the default. */
  const problems = (name: string, value: string): string[] => {
    const found = new Set<string>();
    const [, row] = INPUTS.find(([each]) => each === name) ?? [];
    if (!row) throw new Error(`no input ${name}`);
    // A value of `reuse` needs these.
    const beside: Record<string, string> = { 'history-branch': 'tpu-bench-data', 'github-token': 'x' };
    const source = { get: (each: string) => (each === name ? value : beside[each]), given: [], env: {} };
    fieldsOf(name, row, readingOf(source, [row.group, 'mode', 'stack', 'store', 'token'], found));
    return [...found].filter((problem) => problem.includes(`"${name}"`));
  };
  const typed = INPUTS.filter(([, row]) => !('partOf' in row)).map(([name, row]): [string, Typing] => [
    name,
    typeOfInput(name, row),
  ]);
  const ofType = (type: string) => typed.filter(([, typing]) => typing.type === type).map(([name]) => name);

  it.each([...ofType('integer'), ...ofType('float'), ...ofType('boolean')])('%s refuses a word', (name) => {
    expect(problems(name, 'word')).not.toEqual([]);
  });

  it.each(
    typed.flatMap(([name, typing]) => (typing.type === 'enum' ? [[name, typing['allowed-values']] as const] : [])),
  )('%s accepts each of %j, and refuses another', (name, values) => {
    // A mode without stages has a parser of its own.
    const own = name === 'mode' ? values.filter((value) => !/^(?:cleanup|report|command)$/.test(value)) : values;
    expect(own.flatMap((value) => problems(name, value))).toEqual([]);
    expect(problems(name, 'another')).not.toEqual([]);
  });
});

it('the repository has what a release on the Marketplace needs', () => {
  expect(
    ['action.yml', 'action-types.yml', 'README.md', 'LICENSE', 'CHANGELOG.md'].filter(
      (name) => !existsSync(join(root, name)),
    ),
  ).toEqual([]);
});
