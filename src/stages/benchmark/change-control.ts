import { changePairAt } from '../../load/change-pairs.ts';
import { type PairTimings, takenMs } from '../../load/pairs.ts';
import type { ChangePair, ControlFigures, Finding } from '../../report/model.ts';
import { controlRatio, isSoundControl, noiseShare } from '../../verdict/control.ts';
import type { BlockEvidence } from '../../verdict/evidence.ts';
import type { StageContext } from '../context.ts';
import type { Arm } from './change-arms.ts';
import { controlText, controlVeto } from './change-text.ts';
import { firstEdge, hasTime, takeLoad } from './load.ts';

/** Blocks of the pairs have numbers from 0. */
const BLOCK = -10_000;

/** What the base stack shows against itself. */
export interface Control {
  pairs: Pick<ChangePair, 'ratio' | 'order'>[];
  evidence: BlockEvidence[];
  /** Why there are fewer pairs than were asked for; null where there are not. */
  problem: string | null;
}

/**
 * Measures the base stack against itself, by the way and with the timings of the pairs of a change. Both blocks of a pair
 * have prompts of their own, since the second would find those of the first in its cache.
 */
export async function measureControl(
  context: StageContext,
  base: Arm,
  { timings, concurrency }: { timings: PairTimings; concurrency: number },
): Promise<Control | null> {
  const { control } = context.inputs;
  if (control === 'off') return null;
  const found: Control = { pairs: [], evidence: [], problem: null };
  const [way] = base.ways;
  const pairMs = takenMs([timings.oneMs, timings.allMs], timings);
  // The comparison itself comes before its control.
  if (!way || !hasTime(context, 3 * control * pairMs))
    return { ...found, problem: 'the time of the run does not reach' };
  let before = await firstEdge(base.loaded);
  const rotation = { timings, concurrency, replicas: 1, seed: `${context.runKey}/control` };
  for (let index = 0; index < control; index += 1) {
    const plan = changePairAt(index, rotation);
    const rate = { head: 0, base: 0 };
    for (const [place, planned] of plan.blocks.entries()) {
      const block = { ...planned, arm: 'base' as const, block: BLOCK + planned.block };
      const edge = { before, readyWanted: base.loaded.prepared.service.replicas, baseline: way.pod };
      const part = `control-${index}-${place}`;
      const taken = await takeLoad(base.loaded, way.source, { block, timings, part }, edge);
      before = taken.after;
      found.evidence.push(taken.evidence);
      rate[planned.arm] = taken.measured.window.requestsPerSecond;
    }
    if (!(rate.head > 0 && rate.base > 0)) return { ...found, problem: 'the base stack stopped answering' };
    found.pairs.push({ ratio: rate.head / rate.base, order: plan.order });
    context.emit({ type: 'round', stage: 'benchmark', text: controlText(index, control, rate.head / rate.base) });
  }
  return found;
}

/** The figures of a control beside those of the change, with the veto or the warning that follows. */
export function judgeControl(
  control: Control | null,
  pairs: readonly ChangePair[],
): { figures: ControlFigures | null; vetoes: Finding[]; warnings: Finding[] } {
  const none = { figures: null, vetoes: [], warnings: [] };
  if (!control) return none;
  const seen = controlRatio(control.pairs);
  if (control.problem !== null || !seen) {
    const why = control.problem ?? 'it has too few pairs';
    return {
      ...none,
      warnings: [{ id: 'control', message: `The base stack was not measured against itself: ${why}.` }],
    };
  }
  const { ratio, deviation } = seen;
  const figures = { pairs: control.pairs.length, ratio, deviation, noiseShare: noiseShare(deviation, pairs) };
  const vetoes = isSoundControl(ratio) ? [] : [{ id: 'control', message: controlVeto(ratio) }];
  return { figures, vetoes, warnings: [] };
}
