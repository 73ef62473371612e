import type { BlockPool, Sequence } from './cache.ts';
import { lognormal, type Random } from './random.ts';
import type { Alarm, WorkClock } from './work-clock.ts';

/**
 * Seconds that one request takes on an idle replica, set so that the rehearsal repeats the runbook's figures: ten
 * tokens on a short prompt take 0.529 s, hence 1.89 requests/s one at a time and, four at a time, 7.5. Prefill is sized
 * by the recorded miss and hit (442 and about 400 ms on a prompt of a few hundred tokens). The records do not tell how
 * the fixed part splits before and after the first token; both parts are kept visible.
 */
export const SERVICE = {
  firstTokenSeconds: 0.2,
  decodeSeconds: 0.3035,
  prefillSecondsPerToken: 0.0001,
  decodeSecondsPerToken: 0.0025,
  /** Coefficient of variation of the whole; recorded latencies have 0.14–0.17. */
  variation: 0.2,
  /** Sequences that a replica of the recorded cluster serves at a time. */
  slots: 4,
};

const drawNoise = lognormal(SERVICE.variation);

/** Mean seconds of work until the first token and until the last. */
export function serviceTime(uncachedTokens: number, outputTokens: number): { firstToken: number; total: number } {
  const firstToken =
    SERVICE.firstTokenSeconds + uncachedTokens * SERVICE.prefillSecondsPerToken + SERVICE.decodeSecondsPerToken;
  const rest = SERVICE.decodeSeconds + (outputTokens - 1) * SERVICE.decodeSecondsPerToken;
  return { firstToken, total: firstToken + rest };
}

export interface Work extends Omit<Sequence, 'totalTokens'> {
  outputTokens: number;
  /** How fast it is worked on; 1 unless given. */
  speed?: number;
  /** Why it ends there. */
  finishReason: 'stop' | 'length';
  /** Called with the number of tokens that are out so far, as they come; for streams. */
  onTokens?: (count: number) => void;
  onFinish: (result: { cachedTokens: number }) => void;
}

/** What a request has been through when it leaves, in seconds on the wall. */
export interface Departure {
  reason: 'stop' | 'length' | 'abort';
  promptTokens: number;
  /** Tokens that came out; fewer than asked after an abort. */
  outputTokens: number;
  /** Null when it never ran. */
  queueSeconds: number | null;
  /** From the start of service; null when no token came out. */
  firstTokenSeconds: number | null;
  serviceSeconds: number;
}

export interface EngineObserver {
  scheduled(promptTokens: number, cachedTokens: number): void;
  departed(departure: Departure): void;
}

export interface Engine {
  submit(work: Work): { abort(): void };
  running(): number;
  waiting(): number;
  kvUsage(): number;
  /** Tokens of the requests that run: prompts that were read, and tokens that came out. */
  produced(): { prompt: number; generation: number };
}

interface Entry {
  work: Work;
  arrivedAt: number;
  arrivedWall: number;
  run: Run | null;
}

interface Run {
  startedAt: number;
  firstTokenAt: number;
  finishAt: number;
  alarms: Alarm[];
  release: () => void;
  /** Takes it from those that run. */
  leave: () => void;
}

/** One replica's scheduler: first come first served into a fixed number of slots. */
export function createEngine(options: {
  clock: WorkClock;
  pool: BlockPool;
  random: Random;
  slots: number;
  observer: EngineObserver;
}): Engine {
  const { clock, pool, random, slots, observer } = options;
  const queue: Entry[] = [];
  const active = new Set<{ work: Work; run: Run }>();
  let running = 0;
  let busy = false;

  /** Starts what fits. A slot that became free at `freeAt` does not wait for the timer that noticed it. */
  const admit = (freeAt: number) => {
    for (let entry = queue[0]; entry && running < slots; entry = queue[0]) {
      const { promptTokens, outputTokens } = entry.work;
      const allocation = pool.allocate({ ...entry.work, totalTokens: promptTokens + outputTokens });
      if (!allocation) break;
      queue.shift();
      running++;
      observer.scheduled(promptTokens, allocation.cachedTokens);
      start(entry, Math.max(entry.arrivedAt, freeAt), allocation.cachedTokens, allocation.release);
    }
    const atWork = running > 0;
    if (atWork !== busy) clock.busy(atWork ? 1 : -1);
    busy = atWork;
  };

  const start = (entry: Entry, startedAt: number, cachedTokens: number, release: () => void) => {
    const { work } = entry;
    const noise = drawNoise(random) / (work.speed ?? 1);
    const mean = serviceTime(work.promptTokens - cachedTokens, work.outputTokens);
    const run: Run = {
      startedAt,
      firstTokenAt: startedAt + noise * mean.firstToken,
      finishAt: startedAt + noise * mean.total,
      alarms: [],
      release,
      leave: () => {},
    };
    entry.run = run;
    const started = { work, run };
    active.add(started);
    run.leave = () => active.delete(started);
    run.alarms = [
      clock.at(run.finishAt, (at) => {
        leave(entry, run, at, false);
        // Before the answer goes out: what it provokes must queue behind those who wait for this slot.
        admit(at);
        work.onFinish({ cachedTokens });
      }),
    ];
    if (work.onTokens) streamTokens(work, run, work.onTokens);
  };

  const streamTokens = (work: Work, run: Run, onTokens: (count: number) => void) => {
    const gap = (run.finishAt - run.firstTokenAt) / Math.max(1, work.outputTokens - 1);
    // The last token leaves with the end of the request.
    const next = (index: number) => {
      if (index >= work.outputTokens - 1) return;
      run.alarms[1] = clock.at(run.firstTokenAt + index * gap, () => {
        onTokens(index + 1);
        next(index + 1);
      });
    };
    next(0);
  };

  const leave = (entry: Entry, run: Run, at: number, aborted: boolean) => {
    for (const alarm of run.alarms) alarm.cancel();
    run.release();
    run.leave();
    running--;
    entry.run = null;
    const { promptTokens, outputTokens, finishReason } = entry.work;
    const out = aborted ? tokensOut(run, outputTokens, at) : outputTokens;
    // Work time stretches while replicas contend; a server would measure the stretched times.
    const stretch = (clock.wallSeconds() - entry.arrivedWall) / Math.max(at - entry.arrivedAt, Number.EPSILON);
    observer.departed({
      reason: aborted ? 'abort' : finishReason,
      promptTokens,
      outputTokens: out,
      queueSeconds: (run.startedAt - entry.arrivedAt) * stretch,
      firstTokenSeconds: out > 0 ? (run.firstTokenAt - run.startedAt) * stretch : null,
      serviceSeconds: (at - run.startedAt) * stretch,
    });
  };

  const abort = (entry: Entry) => {
    const waitingAt = queue.indexOf(entry);
    if (waitingAt >= 0) {
      queue.splice(waitingAt, 1);
      const nothing = { outputTokens: 0, queueSeconds: null, firstTokenSeconds: null, serviceSeconds: 0 };
      observer.departed({ reason: 'abort', promptTokens: entry.work.promptTokens, ...nothing });
      // It may have been the one at the head that did not fit.
      return admit(clock.now());
    }
    const now = clock.now();
    if (!entry.run) return;
    leave(entry, entry.run, now, true);
    admit(now);
  };

  return {
    submit: (work) => {
      const entry: Entry = { work, arrivedAt: clock.now(), arrivedWall: clock.wallSeconds(), run: null };
      queue.push(entry);
      admit(entry.arrivedAt);
      return { abort: () => abort(entry) };
    },
    running: () => running,
    waiting: () => queue.length,
    kvUsage: () => pool.usage(),
    produced: () => {
      const sum = { prompt: 0, generation: 0 };
      for (const { work, run } of active) {
        const out = tokensOut(run, work.outputTokens, clock.now());
        sum.generation += out;
        sum.prompt += out > 0 ? work.promptTokens : 0;
      }
      return sum;
    },
  };
}

/** Tokens that a request has produced by `at`, before its end. */
function tokensOut(run: Run, outputTokens: number, at: number): number {
  if (at < run.firstTokenAt) return 0;
  const decoded = (at - run.firstTokenAt) / (run.finishAt - run.firstTokenAt);
  return Math.min(outputTokens, 1 + Math.floor(decoded * (outputTokens - 1)));
}
