import { CONDITION_MS } from '../../../src/stack/fate.ts';
import { SETTLED_MS } from '../../../src/stages/ready/sign.ts';
import { AROUND_MS } from '../../../src/stages/ready/stuck.ts';
import type { Fault } from './faults.ts';
import type { Played } from './play.ts';

/**
 * What the gate promises of a hopeless wait: it ends when its state has stood for `settleMs`, counted from the probe that
 * saw it first. All times are of the wall clock, which is the gate's; the lab's does not concern it.
 */
interface Promise {
  /** Of the cause. */
  causes: RegExp;
  /** The visible fault after which waiting is of no use. */
  state: RegExp;
  settleMs: number;
}

/** The first that fits. */
const PROMISES: readonly Promise[] = [
  {
    causes: /^vllm\.(?:unknown-flag|invalid-value)|^picker\.(?:unknown-flag|invalid-value)/,
    state: /^CrashLoopBackOff .*exit 2$/,
    settleMs: 0,
  },
  { causes: /^(?:vllm|model|container|picker|tls|policy|probe)\./, state: /^CrashLoopBackOff restarts 3/, settleMs: 0 },
  { causes: /^image\.(?:not-found|pull-denied|wrong)/, state: /^ErrImagePull$/, settleMs: 0 },
  { causes: /^secret\.|^configmap\./, state: /^CreateContainerConfigError$/, settleMs: 0 },
  {
    causes: /^pods\.(?:quota|security|webhook|denied|no-service-account)/,
    state: /^FailedCreate$/,
    settleMs: SETTLED_MS,
  },
  { causes: /^pods\./, state: /^Unschedulable$/, settleMs: SETTLED_MS },
  { causes: /^certificates\./, state: /^FailedMount$/, settleMs: SETTLED_MS },
  { causes: /^kserve\.presets/, state: /^PresetsCombined /, settleMs: CONDITION_MS },
  { causes: /^route\./, state: /^route /, settleMs: CONDITION_MS },
  { causes: /^controller\./, state: /^(?:Ready|WorkloadsReady) /, settleMs: CONDITION_MS },
];

/** A probe that is under way, and one that comes late, on a machine with two cores that plays a cluster as well. */
const SLACK_MS = 10_000;

export interface Wait {
  /** From the state, or from the beginning of the wait where that came later, to its end. */
  lagMs: number;
  /** Between these it had to end. */
  earliestMs: number;
  latestMs: number;
}

/** How long a wait went on after its state was final; null where another thing ended the run, or its own limit. */
export function waitOf({ cause }: Fault, { report, seen }: Played): Wait | null {
  const ready = report?.stages.find(({ stage }) => stage === 'ready');
  const failure = report?.failure;
  if (failure?.stage !== 'ready' || failure.code === 'ready-timeout' || !ready?.startedAt) return null;
  const promise = PROMISES.find(({ causes }) => causes.test(cause));
  const states = promise ? seen.filter(({ what }) => promise.state.test(what)) : [];
  if (!promise || states.length === 0) return null;
  const began = Date.parse(ready.startedAt);
  const from = Math.max(began, Math.min(...states.map(({ at }) => at)));
  const { settleMs } = promise;
  // What is above the pods is not read at every probe.
  const looksMs = settleMs === 0 ? 0 : AROUND_MS;
  return {
    lagMs: began + (ready.durationMs ?? 0) - from,
    earliestMs: settleMs,
    latestMs: settleMs + looksMs + SLACK_MS,
  };
}

export const isKept = ({ lagMs, earliestMs, latestMs }: Wait): boolean => lagMs >= earliestMs && lagMs <= latestMs;
