import { MODES } from '../lib/modes.ts';
import type { RunMode } from './mode.ts';
import { measure } from './validate.ts';

/** The same measurement with a fixed number of pairs, for the history. */
export const nightly: RunMode = { traits: MODES.nightly, story: measure };
