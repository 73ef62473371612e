import fc from 'fast-check';

/** JSON of answers and events, as servers write it and as none would, for what reads it in two ways. */

const rarely = <T, U>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<U>, weight = 24) =>
  fc.oneof({ weight, arbitrary: usual }, { weight: 1, arbitrary: rare });
const some = (fields: Record<string, fc.Arbitrary<unknown>>) => fc.record(fields, { requiredKeys: [] });
const anything = fc.jsonValue({ maxDepth: 2 });
const usually = <T>(arbitrary: fc.Arbitrary<T>) => rarely(arbitrary, rarely(fc.constant(null), anything, 1));
const nothing = rarely(fc.constant(null), anything);

const text = rarely(
  fc.oneof(
    fc.constantFrom('', ' word', 'a"b', 'back\\slash', '\n\t', '\u0000', '\u007f'),
    fc.string({ unit: 'binary-ascii' }),
  ),
  fc.constantFrom('Grüße', '🚀', '\u2028'),
);
const count = rarely(fc.nat(300), fc.constantFrom(-0, -1, 1.5, 1e21, 999_999_999, 1_000_000_000, 2 ** 53));
const reason = rarely(fc.constantFrom('stop', 'length', null), fc.constantFrom('abort', 'error', 'stopped', ''));

const said = rarely(
  some({ content: usually(text), reasoning: usually(text), tool_calls: nothing }),
  some({ role: fc.constantFrom('assistant', '', null), content: text, reasoning_content: text, reasoning: text }),
  4,
);
const choice = fc
  .tuple(
    some({ index: fc.constant(0), text: usually(text), logprobs: anything, finish_reason: usually(reason) }),
    rarely(
      fc.oneof(fc.constant({}), fc.record({ message: said }), fc.record({ delta: said })),
      some({ message: said, delta: said }),
    ),
  )
  .map(([fields, holder]) => ({ ...fields, ...holder }));
const usage = fc.record(
  {
    prompt_tokens: usually(count),
    completion_tokens: usually(count),
    total_tokens: count,
    prompt_tokens_details: usually(some({ cached_tokens: usually(count) })),
  },
  { requiredKeys: ['prompt_tokens', 'completion_tokens'] },
);
const choices = usually(fc.array(usually(choice), { minLength: 1, maxLength: 2 }));
const answer = rarely(
  fc.record(
    { id: text, choices, usage: fc.oneof(fc.constant(null), usually(usage)), error: nothing },
    { requiredKeys: ['choices'] },
  ),
  some({ choices: anything, usage: anything, ['__proto__']: anything }),
);

/** The JSON of a value with blanks between its tokens; strings hold no such token followed by a quote. */
const spaced = (json: string, blank: string) => json.replaceAll('":', `":${blank}`).replaceAll(',"', `,${blank}"`);

/** What may become of a text: a span of it is replaced by something else. */
const damage = rarely(
  fc.constant(null),
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.nat(3),
    by: fc.oneof(
      fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', '0', '01', '1.', '-', 'e5', 'null', 'nul', '\n', '\r'),
      fc.constantFrom(
        '\\u0041',
        '\\u12',
        '\\x',
        '\ufeff',
        '\u007f',
        '"error":1,',
        '"text":"",',
        '"usage":null,',
        '\u0001',
      ),
    ),
  }),
  2,
);

/** Text that is JSON of an answer, or nearly. */
export const answerText: fc.Arbitrary<string> = fc
  .tuple(answer, fc.constantFrom('', '', ' ', '\n', '\t', '\r\n'), damage, fc.boolean())
  .map(([value, blank, harm, isEscaped]) => {
    const json = spaced(JSON.stringify(value), blank);
    const ascii = isEscaped ? escaped(json) : json;
    if (!harm) return ascii;
    const at = Math.floor(harm.at * ascii.length);
    return ascii.slice(0, at) + harm.by + ascii.slice(at + harm.length);
  });

/** The same JSON in ASCII, as Python's `json.dumps` writes it. */
function escaped(json: string): string {
  return json.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
