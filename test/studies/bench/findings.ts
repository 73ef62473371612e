import { TARGETS, type Target, type TargetId } from './targets.ts';

/** What a section hands its figures to. */
export interface Findings {
  /** Prints a figure beside its target, and remembers it where it misses that. */
  found(id: TargetId, value: number): void;
  /** Prints a line that has no target. */
  note(text: string): void;
  /** Prints what could not be measured here, and why. */
  notRun(what: string, why: string): void;
}

/** The findings of one run, printed by `say` as they come, with the lines of all that missed its target. */
export function collectFindings(say: (line: string) => void): Findings & { missed: readonly string[] } {
  const missed: string[] = [];
  return {
    missed,
    found(id, value) {
      const target: Target = TARGETS[id];
      const line = figureLine(target, value);
      say(line);
      if (!holds(target, value)) missed.push(line);
    },
    note: say,
    notRun: (what, why) => say(`NOT RUN: ${what}: ${why}`),
  };
}

/** A figure that is not a number misses every target. */
function holds({ most, least }: Target, value: number): boolean {
  return (most === undefined || value <= most) && (least === undefined || value >= least) && !Number.isNaN(value);
}

function figureLine(target: Target, value: number): string {
  const { name, most, least, unit, digits = 2 } = target;
  const shown = (one: number, places: number) =>
    `${one.toLocaleString('en', { minimumFractionDigits: places, maximumFractionDigits: places })}${unit ? ` ${unit}` : ''}`;
  const limits = [
    ...(least === undefined ? [] : [`≥ ${shown(least, decimals(least))}`]),
    ...(most === undefined ? [] : [`≤ ${shown(most, decimals(most))}`]),
  ];
  return `${name}: ${shown(value, digits)} (target ${limits.join(', ')})`;
}

function decimals(value: number): number {
  return String(value).split('.')[1]?.length ?? 0;
}
