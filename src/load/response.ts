import { isMap } from '../lib/decode.ts';
import { type Skimmed, skim } from './json/skim.ts';
import { skipBlank } from './json/tokens.ts';
import type { ErrorKind } from './types.ts';

export interface Expectation {
  /** Output tokens that every answer must have (`ignore_eos` with a fixed limit); null accepts any number. */
  completionTokens: number | null;
}

export interface Judged {
  valid: boolean;
  errorKind: ErrorKind | null;
  errorText: string | null;
  promptTokens: number | null;
  completionTokens: number | null;
  cachedTokens: number | null;
  /** UTF-16 units of text in the first choice; null where there is no whole answer. */
  textChars: number | null;
}

/** What a choice brought, and why it ended there. */
export interface Brought {
  textChars: number;
  /** `finish_reason` as it came. */
  finishReason: unknown;
}

export const NOTHING = { promptTokens: null, completionTokens: null, cachedTokens: null, textChars: null };

/**
 * Whether a complete HTTP response is an answer of the model. Tools that count any response as throughput report their
 * best figures against a server that refuses everything, so nothing is counted before it has been read. The body is the
 * bytes from `start` to `end`.
 */
export function judgeResponse(
  status: number,
  bytes: Buffer,
  start: number,
  end: number,
  expectation: Expectation,
): Judged {
  if (status === 200) {
    const skimmed = skim(bytes, start, end);
    const isWhole = skimmed !== null && skipBlank(bytes, skimmed.end) === end;
    const judged = isWhole ? judgeSkimmed(skimmed, expectation) : null;
    if (judged !== null) return judged;
  }
  return judgeParsed(status, bytes.subarray(start, end), expectation);
}

/** Null leaves an answer that is not valid to those who have the words for it. */
function judgeSkimmed(answer: Skimmed, { completionTokens: wanted }: Expectation): Judged | null {
  const { promptTokens, completionTokens, cachedTokens } = answer;
  if (answer.finishReason === null || promptTokens === -1 || completionTokens === -1) return null;
  if (wanted !== null && completionTokens !== wanted) return null;
  return {
    valid: true,
    errorKind: null,
    errorText: null,
    promptTokens,
    completionTokens,
    cachedTokens: cachedTokens === -1 ? null : cachedTokens,
    textChars: answer.hasMessage ? unitsOf(answer.content) + unitsOf(answer.reasoning) : unitsOf(answer.text),
  };
}

/** UTF-16 units of a text that may be missing (-1). */
export function unitsOf(text: number): number {
  return text === -1 ? 0 : text;
}

/** The same for any answer, with `JSON.parse`. */
function judgeParsed(status: number, body: Buffer, expectation: Expectation): Judged {
  if (status !== 200) return invalid('status', `HTTP ${status}${excerpt(body)}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return invalid('not-json', `HTTP 200 without JSON${excerpt(body)}`);
  }
  if (isMap(parsed) && parsed.error) {
    return invalid('error-body', `HTTP 200 with an error${excerpt(Buffer.from(JSON.stringify(parsed.error)))}`);
  }
  if (!isMap(parsed) || !Array.isArray(parsed.choices) || !isMap(parsed.choices[0])) {
    return invalid('no-choices', `HTTP 200 without choices[0]${excerpt(body)}`);
  }
  return judgeUsage(parsed.usage, broughtBy(parsed.choices[0]), expectation, body);
}

function broughtBy(choice: Record<string, unknown>): Brought {
  const { message } = choice;
  const texts = isMap(message) ? [message.content, message.reasoning ?? message.reasoning_content] : [choice.text];
  const textChars = texts.reduce<number>((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0);
  return { textChars, finishReason: choice.finish_reason };
}

/** Reasons with which vLLM ends a choice that nobody is to count (`FinishReason` in v1/engine). */
const BROKEN_OFF: ReadonlySet<unknown> = new Set(['abort', 'error']);

/**
 * Whether an answer came to its end, says how many tokens it cost, and has as many as were ordered. A body is shown when
 * it does not.
 */
export function judgeUsage(
  usage: unknown,
  { textChars, finishReason }: Brought,
  expectation: Expectation,
  body: Buffer | null,
): Judged {
  const promptTokens = isMap(usage) ? count(usage.prompt_tokens) : null;
  const completionTokens = isMap(usage) ? count(usage.completion_tokens) : null;
  if (!isMap(usage) || promptTokens === null || completionTokens === null) {
    return invalid('no-usage', `HTTP 200 without usage${body ? excerpt(body) : ''}`);
  }
  const details = usage.prompt_tokens_details;
  const cachedTokens = isMap(details) ? count(details.cached_tokens) : null;
  const figures = { promptTokens, completionTokens, cachedTokens, textChars };
  const wanted = expectation.completionTokens;
  if (wanted !== null && completionTokens !== wanted) {
    const errorText = `${completionTokens} output tokens instead of ${wanted}`;
    return { valid: false, errorKind: 'wrong-length', errorText, ...figures };
  }
  if (typeof finishReason !== 'string' || BROKEN_OFF.has(finishReason)) {
    const reason = typeof finishReason === 'string' ? `finish reason ${finishReason}` : 'no finish reason';
    return { valid: false, errorKind: 'truncated', errorText: `the answer ended with ${reason}`, ...figures };
  }
  return { valid: true, errorKind: null, errorText: null, ...figures };
}

/** The kind of a failure below HTTP, from the codes of Node and of `wire/errors.ts`. */
export function networkErrorKind(error: unknown): ErrorKind {
  for (const code of errorCodes(error)) {
    if (code === 'ECONNREFUSED') return 'refused';
    if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'dns';
    if (code === 'ECONNRESET' || code === 'EPIPE') return 'reset';
    if (code === 'ETIMEDOUT') return 'timeout';
    if (code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code.includes('CERT') || code === 'EPROTO') {
      return 'tls';
    }
  }
  return 'network';
}

/** The codes of an error, of its causes and of the attempts it gathers (one per address of a name). */
function errorCodes(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  const own = 'code' in error && typeof error.code === 'string' ? [error.code] : [];
  const gathered = error instanceof AggregateError ? error.errors.flatMap(errorCodes) : [];
  return [...own, ...gathered, ...errorCodes(error.cause)];
}

function invalid(errorKind: ErrorKind, errorText: string): Judged {
  return { valid: false, errorKind, errorText, ...NOTHING };
}

function excerpt(body: Buffer): string {
  const text = body.toString('utf8', 0, 400).replace(/\s+/g, ' ').trim();
  return text === '' ? ', empty body' : `: ${text.length > 160 ? `${text.slice(0, 159)}…` : text}`;
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? value : null;
}
