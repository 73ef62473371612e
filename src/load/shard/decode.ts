import { type Decoder, flag, fromJson, list, mismatch, number, object, text, whole } from '../../lib/decode.ts';
import type { BlockRun } from '../closed-loop.ts';
import type { ShardMessage } from './messages.ts';
import type { OpenReport } from './open-report.ts';
import type { ShardReport } from './report.ts';

/** The message of a load client; null for none. One that is not a message becomes an `error`, which ends the run. */
export function decodeMessage(value: unknown): ShardMessage | null {
  if (value === undefined || value === null) return null;
  try {
    return message(fromJson(text(value, '')), '');
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it is not JSON';
    return { seq: seqOf(value), kind: 'error', message: `its message cannot be read: ${why}` };
  }
}

/** Of a message that cannot be read otherwise; 0 belongs to no plan. */
function seqOf(value: unknown): number {
  const found = /^\{"seq":(\d{1,9}),/.exec(typeof value === 'string' ? value : '');
  return Number(found?.[1] ?? 0);
}

const orNull =
  <T>(decoder: Decoder<T>): Decoder<T | null> =>
  (value, path) =>
    value === null ? null : decoder(value, path);

const amount = object({ count: whole, sum: number });

const tally = object({
  ...{ sent: whole, requests: whole, valid: whole, unreadable: whole, distinctLatencies: whole, marked: whole },
  ...{ firstError: orNull(text), completionTokens: whole, promptTokens: amount },
  work: object({ bodyBytes: whole, promptTokens: whole, completionTokens: whole, textChars: whole }),
  cached: object({ answers: whole, tokens: whole, promptTokens: whole }),
  byLength: list(object({ bodyBytes: whole, promptTokens: amount, textChars: amount })),
});

const ended: Decoder<BlockRun['ended']> = (value, path) => {
  if (value === 'complete' || value === 'aborted' || value === 'failing') return value;
  throw mismatch(path, 'is not the end of a block');
};

const self = object({ eventLoopUtilization: number, stalledMs: number, cpuMs: number });

const report: Decoder<ShardReport> = object({
  ...{ concurrency: whole, lateMs: number, stopMs: number, drainedMs: number, ended, tally },
  window: object({
    ...{ seconds: number, requestsPerSecond: number, outputTokensPerSecond: number, completed: whole, errors: whole },
    ...{ meanLatencyMs: orNull(number), halves: object({ first: number, second: number }) },
  }),
  tokens: object({
    least: object({ prompt: whole, generation: whole }),
    lost: object({ prompt: whole, generation: whole, unknown: whole }),
    longest: whole,
  }),
  histograms: object({ latencies: text, answered: text, lags: text }),
  self,
});

const openReport: Decoder<OpenReport> = object({
  ...{ planned: whole, requests: whole, errors: whole, cancelled: whole, late: whole, buffered: whole },
  ...{ mostInFlight: whole, silent: flag, isLost: flag, stopMs: number, drainedMs: number },
  histograms: object({ e2e: text, ttft: text, tpot: text, lags: text, gaps: text }),
  streams: list(object({ gaps: whole, over: list(whole), count: whole })),
  self,
});

const fixedResult = object({ completed: whole, seconds: number });

const clock = object({ offsetMs: number, roundTripMs: number });

const message: Decoder<ShardMessage> = (value, path) => {
  const { seq, kind } = object({ seq: whole, kind: text })(value, path);
  if (kind === 'ping') return { ...object({ seq: whole, ping: whole })(value, path), kind };
  if (kind === 'ready') return { ...object({ seq: whole, clock, ceilingPerSecond: number })(value, path), kind };
  if (kind === 'report') return { ...object({ seq: whole, report })(value, path), kind };
  if (kind === 'open') return { ...object({ seq: whole, report: openReport })(value, path), kind };
  if (kind === 'fixed') return { ...object({ seq: whole, report: orNull(fixedResult) })(value, path), kind };
  if (kind === 'late') return { ...object({ seq: whole, lateMs: number })(value, path), kind };
  if (kind === 'error') return { seq, kind, message: object({ message: text })(value, path).message };
  throw mismatch(path, 'is of no known kind');
};
