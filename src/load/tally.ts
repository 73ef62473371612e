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
  const counted = records.filter(({ errorKind }) => errorKind !== 'cancelled');
  const valid = counted.filter((record) => record.valid);
  const failed = counted.filter((record) => !record.valid);
  const sum = (figure: (record: RequestRecord) => number) => valid.reduce((total, each) => total + figure(each), 0);
  const cached = valid.filter(({ cachedTokens, promptTokens }) => cachedTokens !== null && promptTokens !== null);
  return {
    sent: records.length,
    requests: counted.length,
    valid: valid.length,
    unreadable: failed.filter(({ errorKind }) => errorKind !== null && UNREADABLE.has(errorKind)).length,
    firstError: failed[0]?.errorText ?? null,
    distinctLatencies: new Set(inWindow).size,
    marked: valid.filter(({ pickerHeader }) => pickerHeader).length,
    completionTokens: sum(({ completionTokens }) => completionTokens ?? 0),
    promptTokens: amountOf(records, ({ promptTokens }) => promptTokens),
    work: {
      bodyBytes: sum(({ bodyBytes }) => bodyBytes),
      promptTokens: sum(({ promptTokens }) => promptTokens ?? 0),
      completionTokens: sum(({ completionTokens }) => completionTokens ?? 0),
      textChars: sum(({ textChars }) => textChars ?? 0),
    },
    cached: {
      answers: cached.length,
      tokens: cached.reduce((total, { cachedTokens }) => total + (cachedTokens ?? 0), 0),
      promptTokens: cached.reduce((total, { promptTokens }) => total + (promptTokens ?? 0), 0),
    },
    byLength: lengthsOf(valid),
  };
}

function lengthsOf(valid: readonly RequestRecord[]): LengthTally[] {
  const byLength = new Map<number, LengthTally>();
  for (const { bodyBytes, promptTokens, textChars } of valid) {
    const entry = byLength.get(bodyBytes) ?? { bodyBytes, promptTokens: nothing(), textChars: nothing() };
    put(entry.promptTokens, promptTokens);
    put(entry.textChars, textChars);
    byLength.set(bodyBytes, entry);
  }
  return [...byLength.values()];
}

const nothing = (): Amount => ({ count: 0, sum: 0 });

function put(amount: Amount, value: number | null): void {
  if (value === null) return;
  amount.count += 1;
  amount.sum += value;
}

function amountOf(records: readonly RequestRecord[], figure: (record: RequestRecord) => number | null): Amount {
  const amount = nothing();
  for (const record of records) put(amount, figure(record));
  return amount;
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
