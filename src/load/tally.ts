import type { ErrorKind, RequestRecord } from './types.ts';

/** How many requests have a figure, and the sum of it. */
export interface Amount {
  count: number;
  sum: number;
}

/** Valid answers to requests with a body of one length. */
export interface LengthTally {
  bodyBytes: number;
  promptTokens: Amount;
  textChars: Amount;
}

/**
 * What the judgement of a block needs of its requests beside times. All of it are counts and sums, so that tallies of
 * several load clients add up to the tally of one.
 */
export interface BlockTally {
  /** All requests, those that were cut off on purpose included. */
  sent: number;
  /** Requests that were not cut off on purpose. */
  requests: number;
  valid: number;
  /** Failed requests whose answer could not be read. */
  unreadable: number;
  /** Error text of the first failed request. Hostile text. */
  firstError: string | null;
  /** Latencies in the window that differ from each other. Of several clients: the sum, so that at most too many. */
  distinctLatencies: number;
  /** Valid answers with the mark of the endpoint picker. */
  marked: number;
  /** Over valid answers: a missing count is 0. */
  completionTokens: number;
  /** Tokens of prompts over all requests whose answer reports them. */
  promptTokens: Amount;
  /** Over valid answers: bytes of the bodies, tokens of prompt and answer where they are reported, characters of text. */
  work: { bodyBytes: number; promptTokens: number; completionTokens: number; textChars: number };
  /** Over valid answers that report cached tokens. */
  cached: { answers: number; tokens: number; promptTokens: number };
  byLength: LengthTally[];
}

const UNREADABLE: ReadonlySet<ErrorKind> = new Set(['not-json', 'error-body', 'no-choices', 'no-usage']);

/** The tally of a block's records; `inWindow` are the latencies of its valid answers in the window, milliseconds. */
export function tallyOf(records: readonly RequestRecord[], inWindow: readonly number[]): BlockTally {
  const byLength = new Map<number, LengthTally>();
  const tally: BlockTally = {
    ...{ sent: records.length, requests: 0, valid: 0, unreadable: 0, firstError: null },
    ...{ distinctLatencies: new Set(inWindow).size, marked: 0, completionTokens: 0, promptTokens: nothing() },
    work: { bodyBytes: 0, promptTokens: 0, completionTokens: 0, textChars: 0 },
    cached: { answers: 0, tokens: 0, promptTokens: 0 },
    byLength: [],
  };
  // One pass: a block of a long run has a million records.
  for (const record of records) {
    put(tally.promptTokens, record.promptTokens);
    if (record.errorKind === 'cancelled') continue;
    tally.requests += 1;
    if (record.valid) addValid(tally, byLength, record);
    else addFailed(tally, record);
  }
  tally.byLength = [...byLength.values()];
  return tally;
}

function addFailed(tally: BlockTally, { errorKind, errorText }: RequestRecord): void {
  if (tally.requests - tally.valid === 1) tally.firstError = errorText;
  if (errorKind !== null && UNREADABLE.has(errorKind)) tally.unreadable += 1;
}

function addValid(tally: BlockTally, byLength: Map<number, LengthTally>, record: RequestRecord): void {
  const { work, cached } = tally;
  const { bodyBytes, promptTokens, completionTokens, cachedTokens, textChars, pickerHeader } = record;
  tally.valid += 1;
  if (pickerHeader) tally.marked += 1;
  tally.completionTokens += completionTokens ?? 0;
  work.bodyBytes += bodyBytes;
  work.promptTokens += promptTokens ?? 0;
  work.completionTokens += completionTokens ?? 0;
  work.textChars += textChars ?? 0;
  if (cachedTokens !== null && promptTokens !== null) {
    cached.answers += 1;
    cached.tokens += cachedTokens;
    cached.promptTokens += promptTokens;
  }
  const same = byLength.get(bodyBytes) ?? { bodyBytes, promptTokens: nothing(), textChars: nothing() };
  byLength.set(bodyBytes, same);
  put(same.promptTokens, promptTokens);
  put(same.textChars, textChars);
}

const nothing = (): Amount => ({ count: 0, sum: 0 });

function put(amount: Amount, value: number | null): void {
  if (value === null) return;
  amount.count += 1;
  amount.sum += value;
}

/** The tally of all the load clients of one block. Throws RangeError for none. */
export function mergeTallies(tallies: readonly BlockTally[]): BlockTally {
  const [first, ...rest] = tallies;
  if (!first) throw new RangeError('no tally to merge');
  return rest.reduce(
    (a, b): BlockTally => ({
      sent: a.sent + b.sent,
      requests: a.requests + b.requests,
      valid: a.valid + b.valid,
      unreadable: a.unreadable + b.unreadable,
      firstError: a.firstError ?? b.firstError,
      distinctLatencies: a.distinctLatencies + b.distinctLatencies,
      marked: a.marked + b.marked,
      completionTokens: a.completionTokens + b.completionTokens,
      promptTokens: both(a.promptTokens, b.promptTokens),
      work: {
        bodyBytes: a.work.bodyBytes + b.work.bodyBytes,
        promptTokens: a.work.promptTokens + b.work.promptTokens,
        completionTokens: a.work.completionTokens + b.work.completionTokens,
        textChars: a.work.textChars + b.work.textChars,
      },
      cached: {
        answers: a.cached.answers + b.cached.answers,
        tokens: a.cached.tokens + b.cached.tokens,
        promptTokens: a.cached.promptTokens + b.cached.promptTokens,
      },
      byLength: mergeLengths(a.byLength, b.byLength),
    }),
    first,
  );
}

function mergeLengths(a: readonly LengthTally[], b: readonly LengthTally[]): LengthTally[] {
  const byLength = new Map(a.map((entry) => [entry.bodyBytes, entry]));
  for (const entry of b) {
    const other = byLength.get(entry.bodyBytes);
    byLength.set(
      entry.bodyBytes,
      other
        ? {
            bodyBytes: entry.bodyBytes,
            promptTokens: both(other.promptTokens, entry.promptTokens),
            textChars: both(other.textChars, entry.textChars),
          }
        : entry,
    );
  }
  return [...byLength.values()];
}

const both = (a: Amount, b: Amount): Amount => ({ count: a.count + b.count, sum: a.sum + b.sum });
