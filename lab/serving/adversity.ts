import type { ServingDay } from '../scenarios/types.ts';
import type { Engine } from './engine.ts';
import type { ParsedRequest } from './request.ts';

/** What a replica of a misleading system does otherwise than a healthy one. */
export interface Adversity {
  /** Notes that a request has come; true when the replica is to stop listening. */
  arrived(requests: number): boolean;
  /** An answer in place of the model's. */
  answer(requests: number): { status: number; body: unknown } | null;
  /** Calls back at once, or when the replica moves again. */
  whenMoving(picked: boolean, go: () => void): void;
  shortened(request: ParsedRequest, picked: boolean, requests: number): ParsedRequest;
  stop(): void;
}

/** Requests after which foreign traffic begins and a stall comes: in the benchmark, whatever came before it. */
const SOME = 150;
const FOREIGN = { promptTokens: 64, outputTokens: 8 } as const;

export function createAdversity(options: { day: ServingDay; engine: Engine; timeScale: number }): Adversity {
  const { day, engine, timeScale } = options;
  let foreign: NodeJS.Timeout | undefined;
  let stalled: { until: number; waiting: (() => void)[] } | null = null;
  let hasStalled = false;
  let direct = 0;

  const beginForeign = () => {
    foreign = setInterval(
      () => engine.submit({ ...FOREIGN, hashes: [], finishReason: 'length', onFinish: () => {} }),
      1_000 / (day.foreignPerSecond * timeScale),
    );
  };
  const stall = () => {
    hasStalled = true;
    const ms = (1_000 * day.stallSeconds) / timeScale;
    const now = { until: performance.now() + ms, waiting: [] as (() => void)[] };
    stalled = now;
    setTimeout(() => {
      stalled = null;
      for (const go of now.waiting) go();
    }, ms);
  };

  return {
    arrived(requests) {
      if (day.foreignPerSecond > 0 && !foreign && requests >= SOME) beginForeign();
      return day.diesAfter !== null && requests === day.diesAfter;
    },
    answer(requests) {
      if (!day.answers || requests <= day.answers.after) return null;
      if (day.answers.kind === 'errors') return { status: 500, body: { error: { message: 'out of memory' } } };
      if (day.answers.kind === 'no-choices') {
        return {
          status: 200,
          body: { choices: [], usage: { prompt_tokens: 1, completion_tokens: 128, total_tokens: 129 } },
        };
      }
      return null;
    },
    whenMoving(picked, go) {
      if (day.stallSeconds === 0) return go();
      if (!picked) direct += 1;
      if (!hasStalled && direct >= 2 * SOME) stall();
      if (stalled) stalled.waiting.push(go);
      else go();
    },
    shortened(request, picked, requests) {
      if (day.answers?.kind !== 'short' || !picked || requests <= day.answers.after) return request;
      const prompts = request.prompts.map((prompt) => ({
        ...prompt,
        outputTokens: Math.ceil(prompt.outputTokens * 0.7),
      }));
      return { ...request, prompts };
    },
    stop: () => clearInterval(foreign),
  };
}
