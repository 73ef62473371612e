import { MODES } from '../lib/modes.ts';
import { serve } from './deploy.ts';
import type { RunMode } from './mode.ts';

/** Deploys the baseline, Pattern 1, in place of what is there. */
export const restore: RunMode = { traits: MODES.restore, story: serve };
