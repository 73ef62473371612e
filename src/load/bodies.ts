import { type BodyOptions, nonce, type PromptOptions, requestBody, uniqueCuts } from './prompts.ts';

/** Where the text of a prompt goes. What comes after it in a body is numbers. */
const PLACE = '@prompt@';

/** The user's own prompts as they stand in JSON, by list: a list lives as long as its run, and blocks turn through it. */
const escapedPrompts = new WeakMap<readonly string[], (Buffer | undefined)[]>();

/**
 * Bodies of requests: with unique prompts as `uniquePrompts` has them, or with the user's own ones in their order, over and
 * over, each behind a nonce. What an earlier block, run or turn through the list has sent is then in no cache. Each body is
 * joined from bytes that are there already. JSON of a prompt of 100,000 tokens would hold up for a millisecond whatever is in
 * flight. Returns a function that gives the next one. Throws RangeError for an empty list.
 */
export function nextBodies(
  from: PromptOptions & { prompts: readonly string[] | null },
  options: BodyOptions,
): () => Buffer {
  const { seed, prompts } = from;
  const whole = requestBody(PLACE, options);
  const at = whole.lastIndexOf(PLACE);
  const before = whole.subarray(0, at);
  const after = whole.subarray(at + PLACE.length);
  const join = (opening: string, text: Buffer, start: number, end: number): Buffer => {
    const body = Buffer.allocUnsafe(before.length + opening.length + (end - start) + after.length);
    before.copy(body);
    body.write(opening, before.length, 'latin1');
    text.copy(body, before.length + opening.length, start, end);
    after.copy(body, body.length - after.length);
    return body;
  };
  let sent = 0;
  if (prompts) {
    if (prompts.length === 0) throw new RangeError('no prompts');
    return () => {
      const text = escaped(prompts, sent % prompts.length);
      return join(`${nonce(seed, sent++)} `, text, 0, text.length);
    };
  }
  const { filler, next } = uniqueCuts(from);
  // Words and blanks alone, which JSON leaves as they are.
  const bytes = Buffer.from(filler, 'latin1');
  return () => {
    const { opening, start, end } = next();
    return join(opening, bytes, start, end);
  };
}

function escaped(prompts: readonly string[], index: number): Buffer {
  let known = escapedPrompts.get(prompts);
  if (!known) {
    known = [];
    escapedPrompts.set(prompts, known);
  }
  const text = known[index] ?? Buffer.from(JSON.stringify(prompts[index]).slice(1, -1));
  known[index] = text;
  return text;
}
