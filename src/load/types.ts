import type { Clock } from '../lib/poll.ts';
import type { LoadArm } from '../report/model.ts';

/** Monotonic milliseconds. */
export type Stopwatch = Pick<Clock, 'now'>;

/** Why a request did not yield a valid answer. */
export type ErrorKind =
  /** The deadline passed before the last byte. */
  | 'timeout'
  /** Cut off on purpose: the block or the run ended. Not held against the server. */
  | 'cancelled'
  /** Nobody listens on the address. */
  | 'refused'
  /** The connection broke before the answer was complete. */
  | 'reset'
  | 'dns'
  | 'tls'
  /** Any other failure below HTTP. */
  | 'network'
  /** HTTP status other than 200. */
  | 'status'
  /** 200, but the body is not JSON. */
  | 'not-json'
  /** 200 and JSON, with an error in it, whatever else is there. */
  | 'error-body'
  /** 200 and JSON, but no `choices[0]`. */
  | 'no-choices'
  /** 200 and JSON, but no `usage` with token counts. */
  | 'no-usage'
  /** 200 and an answer that ended before its end: a stream without `[DONE]`, a choice that was broken off. */
  | 'truncated'
  /** 200 and complete, but not as many output tokens as were ordered. */
  | 'wrong-length'
  /** More bytes than any answer to our requests can have. */
  | 'too-large';

/** What the client saw of one request. Times are milliseconds of the monotonic clock. */
export interface Response {
  /** Handed to a free connection. */
  sentMs: number;
  /** Response headers; null when none came. Not a time to first token. */
  firstByteMs: number | null;
  /** Of a streamed answer: its first and its last token event (`stream.ts`); null for one that is not streamed. */
  firstTokenMs: number | null;
  lastTokenMs: number | null;
  /** Last byte, or the moment of failure. */
  endMs: number;
  /** HTTP status; null when no response began. */
  status: number | null;
  /** Status 200, JSON, `choices[0]`, `usage`, and the ordered number of output tokens where one was ordered. */
  valid: boolean;
  errorKind: ErrorKind | null;
  /** One line for a reader: the start of an error body or the network error. Hostile text. */
  errorText: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
  /** `usage.prompt_tokens_details.cached_tokens`; null unless the server reports it. */
  cachedTokens: number | null;
  /** Bytes of the body that was sent. */
  bodyBytes: number;
  /** UTF-16 units of text in the answer's first choice; null where there is no whole answer. */
  textChars: number | null;
  /** Whether the endpoint picker marked the response; null when no response began. */
  pickerHeader: boolean | null;
}

/** One request of the workload, as it goes into the raw results. */
export interface RequestRecord extends Response {
  arm: LoadArm;
  block: number;
  /** When a perfect client would have sent it: its slot became free, or by the schedule of the open loop. */
  intendedMs: number;
}
