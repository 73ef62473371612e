import { type InputGroup, MODE_GROUPS } from '../../src/inputs/groups.ts';
import type { InputRow } from '../../src/inputs/row.ts';
import { MODE_NAMES, MODES, type ModeName } from '../../src/lib/modes.ts';

/** Groups of inputs that only a measurement uses. Preflight checks them, and other modes read and ignore them. */
const OF_A_MEASUREMENT: readonly InputGroup[] = ['target', 'load'];

/** The modes that an input changes anything in, in the order of the modes. */
export function modesOf({ group, modes }: InputRow): ModeName[] {
  if (modes) return MODE_NAMES.filter((mode) => modes.includes(mode));
  const reads = (mode: ModeName) => (MODE_GROUPS[mode] as readonly InputGroup[]).includes(group);
  const uses = (mode: ModeName) => !OF_A_MEASUREMENT.includes(group) || MODES[mode].measures || mode === 'preflight';
  return MODE_NAMES.filter((mode) => reads(mode) && uses(mode));
}

/** A heading of an action file, and the inputs below it. */
export interface Section {
  title: string;
  names: readonly string[];
}

/**
 * The sections of the inputs of an action file, in its order. A comment of two spaces begins a section. Throws an Error that
 * names every input above the first one.
 */
export function sectionsIn(text: string): Section[] {
  const [, inputs = ''] = /^inputs:\n((?: .*\n|\n)*)/m.exec(text) ?? [];
  const [loose = '', ...rest] = inputs.split(/^ {2}# /m);
  const named = (part: string) => [...part.matchAll(/^ {2}([\w-]+):$/gm)].map(([, name = '']) => name);
  const without = named(loose);
  if (without.length > 0) throw new Error(`action.yml: no heading above ${without.join(', ')}.`);
  return rest.map((part) => ({ title: part.split('\n')[0]?.trim() ?? '', names: named(part) }));
}

/** The inputs of a section that a mode takes. */
export interface Taken {
  mode: ModeName;
  /** Sections of which it takes more than half, with what it leaves out. */
  most: { title: string; without: string[] }[];
  /** Inputs of the other sections. */
  single: string[];
}

/** For each mode the inputs that it takes. `modesOfInput` is empty for an input that no mode reads. */
export function inputsByMode(
  sections: readonly Section[],
  modesOfInput: (name: string) => readonly ModeName[],
): Taken[] {
  return MODE_NAMES.map((mode) => {
    const parts = sections.map(({ title, names }) => {
      const taken = names.filter((name) => modesOfInput(name).includes(mode));
      const without = names.filter((name) => !taken.includes(name));
      return { title, taken, without, isMost: names.length > 1 && taken.length > without.length };
    });
    return {
      mode,
      most: parts.filter(({ isMost }) => isMost).map(({ title, without }) => ({ title, without })),
      single: parts.filter(({ isMost }) => !isMost).flatMap(({ taken }) => taken),
    };
  });
}

/** Modes in Markdown, for a cell. All modes that run the stages together are `every run`. */
export function modesText(modes: readonly ModeName[]): string {
  const runs = MODE_NAMES.filter((mode) => MODES[mode].runs);
  const isEvery = runs.every((mode) => modes.includes(mode));
  const rest = modes.filter((mode) => !isEvery || !runs.includes(mode)).map((mode) => `\`${mode}\``);
  return [...(isEvery ? ['every run'] : []), ...rest].join(', ');
}
