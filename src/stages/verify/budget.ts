import { humanDuration } from '../../lib/duration.ts';
import type { Clock } from '../../lib/poll.ts';

/** How long a request may wait for its answer, while the service answers. */
export const REQUEST_LIMIT_MS = 30_000;
/** The same after a request that got no answer: a service that hangs is not worth half a minute each time. */
export const SILENT_LIMIT_MS = 10_000;
/** Requests in a row without any answer. With the limits above they take 50 s, one after another. */
const MOST_SILENT = 3;
/** Requests in a row without HTTP 200: as many as one group of the routing check has. */
const MOST_FAILED = 6;
/** All requests of the stage. A healthy service takes a minute; a slow one must not hold its nodes for an hour. */
const STAGE_LIMIT_MS = 8 * 60_000;

/** Why a loop of requests ends early. */
export interface Ended {
  /** `unanswered`: the service no longer serves. `time`: it serves, but too slowly to finish. */
  because: 'unanswered' | 'time';
  /** A clause for a sentence: `3 requests in a row got no answer`. */
  text: string;
}

/** One request: the status of its answer, or why there is none. */
export interface Attempt {
  answer: { status: number } | null;
  problem: string | null;
}

/** Bounds the requests of the verify stage, since nothing between client and model server does: Istio sets no timeout. */
export interface RequestBudget {
  /** How long the next request may wait for its answer, milliseconds. */
  limitMs(): number;
  /** Counts one request. */
  take(attempt: Attempt): void;
  /** Why no further request is sent; null while more may be. */
  ended(): Ended | null;
}

/** A budget that begins now. */
export function createRequestBudget(clock: Pick<Clock, 'now'>): RequestBudget {
  const startMs = clock.now();
  let silent = 0;
  let failed = 0;
  let last = '';
  return {
    limitMs: () => (silent > 0 ? SILENT_LIMIT_MS : REQUEST_LIMIT_MS),
    take({ answer, problem }) {
      silent = answer ? 0 : silent + 1;
      failed = answer?.status === 200 ? 0 : failed + 1;
      last = answer ? `HTTP ${answer.status}` : (problem ?? 'no answer');
    },
    ended() {
      if (silent >= MOST_SILENT)
        return { because: 'unanswered', text: `${silent} requests in a row got no answer (${last})` };
      if (failed >= MOST_FAILED) return { because: 'unanswered', text: `${failed} requests in a row failed (${last})` };
      if (clock.now() - startMs < STAGE_LIMIT_MS) return null;
      return { because: 'time', text: `the requests of this stage took ${humanDuration(clock.now() - startMs)}` };
    },
  };
}
