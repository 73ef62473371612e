import type { ServingFaults } from '../scenarios/types.ts';
import type { CompletionContext } from './completion.ts';
import type { Engine } from './engine.ts';
import type { ParsedRequest, Prompt } from './request.ts';

/** What a replica with faults does otherwise than a healthy one. */
export interface FaultInjector {
  /** Notes that a request has come, for all replicas or for one; true when the replica is to stop listening. */
  arrived(requests: number, ofAll: boolean): boolean;
  /** An answer in place of the model's. */
  answer(requests: number): { status: number; body: unknown } | null;
  /** Calls back at once, or when the replica moves again. */
  whenMoving(ofAll: boolean, go: () => void): void;
  /** The request with less work or less text than was ordered. */
  shortened(request: ParsedRequest, ofAll: boolean, requests: number): ParsedRequest;
  /** The same of what an answer is made of. */
  context(context: CompletionContext, requests: number): CompletionContext;
  stop(): void;
}

/** Requests after which foreign traffic begins and a stall comes: in the benchmark, whatever came before it. */
const SOME = 150;
/** Tokens come as slowly as those of the benchmark's own requests: about 80 a second of work. */
const ENDLESS = { promptTokens: 64, outputTokens: 2_000_000, speed: 0.2 } as const;
const FOREIGN = { promptTokens: 64, outputTokens: 8 } as const;

export function createFaultInjector(options: {
  faults: ServingFaults;
  engine: Engine;
  timeScale: number;
  /** Shared by the replicas: one of them dies. */
  death: { taken: boolean };
  /** The same: one of them has the request that never ends. */
  guest: { taken: boolean };
}): FaultInjector {
  const { faults, engine, timeScale, death, guest } = options;
  let endless: { abort(): void } | undefined;
  let foreign: NodeJS.Timeout | undefined;
  let stalled: { until: number; waiting: (() => void)[] } | null = null;
  let hasStalled = false;
  let direct = 0;

  const beginForeign = () => {
    foreign = setInterval(
      () => engine.submit({ ...FOREIGN, hashes: [], finishReason: 'length', onFinish: () => {} }),
      1_000 / (faults.foreignPerSecond * timeScale),
    );
  };
  const stall = () => {
    hasStalled = true;
    const ms = (1_000 * faults.stallSeconds) / timeScale;
    const now = { until: performance.now() + ms, waiting: [] as (() => void)[] };
    stalled = now;
    setTimeout(() => {
      stalled = null;
      for (const go of now.waiting) go();
    }, ms);
  };

  return {
    arrived(requests, ofAll) {
      if (faults.foreignPerSecond > 0 && !foreign && requests >= SOME) beginForeign();
      if (!ofAll && faults.foreignEndless && !guest.taken) {
        guest.taken = true;
        endless = engine.submit({ ...ENDLESS, hashes: [], finishReason: 'length', onFinish: () => {} });
      }
      // Not as the one of the one-replica arm, whose death clients see.
      if (faults.diesAfter === null || requests < faults.diesAfter || !ofAll || death.taken) return false;
      death.taken = true;
      return true;
    },
    answer(requests) {
      if (!faults.answers || requests <= faults.answers.after) return null;
      if (faults.answers.kind === 'refuses') return { status: faults.answers.status, body: faults.answers.body };
      if (faults.answers.kind === 'errors') return { status: 500, body: { error: { message: 'out of memory' } } };
      if (faults.answers.kind === 'no-choices') {
        return {
          status: 200,
          body: { choices: [], usage: { prompt_tokens: 1, completion_tokens: 128, total_tokens: 129 } },
        };
      }
      return null;
    },
    whenMoving(ofAll, go) {
      if (faults.stallSeconds === 0) return go();
      if (!ofAll) direct += 1;
      if (!hasStalled && direct >= 2 * SOME) stall();
      if (stalled) stalled.waiting.push(go);
      else go();
    },
    shortened(request, ofAll, requests) {
      if (!faults.answers || requests <= faults.answers.after) return request;
      const { kind } = faults.answers;
      const changed = (change: (prompt: Prompt) => Prompt) => ({ ...request, prompts: request.prompts.map(change) });
      if (kind === 'no-text') return changed((prompt) => ({ ...prompt, hasText: false }));
      if (kind === 'short' && ofAll) {
        return changed((prompt) => ({ ...prompt, outputTokens: Math.ceil(prompt.outputTokens * 0.7) }));
      }
      return kind === 'less-work' && ofAll ? changed((prompt) => ({ ...prompt, workShare: 0.82 })) : request;
    },
    context(context, requests) {
      if (faults.answers?.kind !== 'error-beside' || requests <= faults.answers.after) return context;
      return { ...context, error: { message: 'the engine has died' } };
    },
    stop: () => {
      clearInterval(foreign);
      endless?.abort();
    },
  };
}
