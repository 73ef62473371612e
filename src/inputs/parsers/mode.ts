import { parseDuration } from '../../lib/duration.ts';
import { DEFAULT_MODE, isRunMode, MODE_NAMES, MODES, modeOfEvent, type RunMode } from '../../lib/modes.ts';
import type { Parser, Reading } from '../row.ts';
import { boolean, dollars } from './basic.ts';

/** Every value of the input `mode`. */
export const MODE_CHOICES: readonly string[] = ['auto', ...MODE_NAMES];

/** The mode that was asked for, by name or, with `auto`, by the event. Only a name chooses a mode that leaves nodes. */
export function modeOf({ text, env, bad }: Reading): RunMode {
  const value = text('mode');
  const found = value === 'auto' ? modeOfEvent(env.GITHUB_EVENT_NAME) : MODE_NAMES.find((mode) => mode === value);
  if (found && isRunMode(found)) return found;
  if (value !== 'auto') bad('mode', value, MODE_CHOICES.join(', '));
  return DEFAULT_MODE;
}

/** The mode that runs, `preflight` for a dry run, and whether the mode that was asked for creates the stack again. */
export const runMode: Parser<{ mode: RunMode; restores: boolean }> = (reading) => {
  const mode = modeOf(reading);
  return { mode: boolean(reading, 'dry-run') ? 'preflight' : mode, restores: MODES[mode].remakesStack };
};

/** Whether the identity may only read. A mode that leases cannot run with it. */
export const readOnly: Parser<boolean> = (reading, name) => {
  const isReadOnly = boolean(reading, name);
  if (isReadOnly && MODES[runMode(reading, 'mode').mode].leases) {
    reading.problem(`Input "${name}" is for mode "preflight"; every other mode changes the cluster.`);
  }
  return isReadOnly;
};

/** How long the stack stays, in milliseconds or null for no end; null itself for a mode that keeps no stack. */
export const keep: Parser<{ expiresMs: number | null } | null> = (reading, name) => {
  const expiresMs = expiryOf(reading, name);
  return MODES[modeOf(reading)].keepsStack ? { expiresMs } : null;
};

/** A lease in the cluster counts whole seconds. */
function expiryOf(reading: Reading, name: string): number | null {
  const { text, bad } = reading;
  const value = text(name) || MODES[modeOf(reading)].expiresIn;
  if (value === 'never') return null;
  const ms = parseDuration(value);
  if (ms === undefined || ms < 60_000 || ms > 90 * 86_400_000) {
    bad(name, value, 'never, or a duration from 1m to 2160h, such as 2h');
  }
  return ms ?? null;
}

/** The shipped pattern by its number. Default: that of the mode. */
export const pattern: Parser<1 | 3> = (reading, name) => {
  const value = reading.text(name);
  if (value === '') return MODES[modeOf(reading)].pattern;
  if (value !== '1' && value !== '3') reading.bad(name, value, '1 or 3');
  return value === '1' ? 1 : 3;
};

/** Fewest and most pairs. Default: those of the mode. */
export const pairs: Parser<{ min: number; max: number }> = (reading, name) => {
  const value = reading.text(name) || MODES[modeOf(reading)].pairs;
  const match = /^(\d+)\s*-\s*(\d+)$/.exec(value);
  const min = Number(match?.[1]);
  const max = Number(match?.[2]);
  if (!match || min < 3 || max < min || max > 100) {
    reading.bad(name, value, 'a range such as 6-15: first and last look, at least 3');
  }
  return { min, max };
};

/** A limit on the cost of a run. */
export interface MaxCost {
  usd: number;
  /** Whether nobody gave the amount. Then a price that is not known is not a failure. */
  isDefault: boolean;
}

const amount = dollars(100_000, 'auto, none, or US dollars for the whole run, such as 30');

/** `auto`, `none`, or an amount. Null for no limit. */
export const maxCost: Parser<MaxCost | null> = (reading, name) => {
  const text = reading.text(name);
  if (text === 'none') return null;
  const isDefault = text === 'auto';
  const usd = isDefault ? MODES[modeOf(reading)].maxCostUsd : amount(reading, name);
  return usd === null ? null : { usd, isDefault };
};
