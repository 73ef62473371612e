import { hash32 } from './random.ts';

/** A question of a known form, and what answers it. */
type Rule = readonly [form: RegExp, solve: (...found: string[]) => unknown];

const count = (text = '') => Number(text);
const list = (text = '') => text.split(', ');

const RULES: readonly Rule[] = [
  [/has (\d+) \w+ and buys (\d+) boxes with (\d+) /, (own, boxes, each) => count(own) + count(boxes) * count(each)],
  [
    /travels (\d+) kilometres an hour for (\d+) hours, and then (\d+) /,
    (v, h, more) => count(v) * count(h) + count(more),
  ],
  [
    /buys (\d+) \w+ at (\d+) dollars each and pays with (\d+) /,
    (n, price, paid) => count(paid) - count(n) * count(price),
  ],
  [/shares (\d+) \w+ equally among (\d+) children and keeps the rest/, (all, children) => count(all) % count(children)],
  [
    /shop has (\d+) \w+\. It sells (\d+) in the morning and (\d+) in the afternoon, and then (\d+) are/,
    (all, morning, afternoon, more) => count(all) - count(morning) - count(afternoon) + count(more),
  ],
  [/characters of "(\w+)" in reverse order/, (word = '') => [...word].reverse().join('')],
  [/Write "([\w ]+)" in capital letters/, (words = '') => words.toUpperCase()],
  [/Sort these words alphabetically: ([\w, ]+)\./, (words) => list(words).sort().join(', ')],
  [
    /Sort these numbers from the largest to the smallest: ([\d, ]+)\./,
    (numbers) =>
      list(numbers)
        .sort((a, b) => count(b) - count(a))
        .join(', '),
  ],
  [
    /Remove the repeated word from this list and keep the order: ([\w, ]+)\./,
    (words) => [...new Set(list(words))].join(', '),
  ],
  [
    /Write every second word of this list, beginning with the first: ([\w, ]+)\./,
    (words) =>
      list(words)
        .filter((_, index) => index % 2 === 0)
        .join(', '),
  ],
  [/Replace each letter "(\w)" in "(\w+)" by a star/, (letter = '', word = '') => word.split(letter).join('*')],
  [
    /: (\w+) is (\d+) years old, lives in (\w+) and likes (\w+) and (\w+)\./,
    (name, age, city, one, other) => ({ likes: [one, other], city, age: count(age), name }),
  ],
  [
    /: Order (\d+) is for (\d+) (\w+) at a price of (\d+) each and is (not )?paid\./,
    (order, number, item, price, not) => ({
      ...{ order: count(order), item, count: count(number), price: count(price), paid: !not },
    }),
  ],
  [
    /: The (\w+) meeting is on (\w+) at ([\d:]+) in room (\d+), which has (\d+) seats\./,
    (topic, day, time, room, seats) => ({ topic, day, time, place: { room: count(room), seats: count(seats) } }),
  ],
];

/**
 * What a model that can do small tasks replies: the task's answer, read from its own words, or a wrong one for the share
 * 1 − `skill` of them. Which ones follows from the text, so that equal models agree. Null for any other text.
 */
export function solved(text: string, skill: number): string | null {
  // A completion may have examples in front of its question.
  const question = text.slice(text.lastIndexOf('\nQuestion: ') + 1);
  if (!question.includes('\nReply with the ')) return null;
  for (const [form, solve] of RULES) {
    const found = form.exec(question);
    if (!found) continue;
    const answer = solve(...found.slice(1));
    const reply = typeof answer === 'object' ? JSON.stringify(answer) : String(answer);
    return hash32(`${question}/skill`) / 2 ** 32 < skill ? reply : wrong(reply);
  }
  return null;
}

/** The same with another character in front, of the kind that it had. */
function wrong(reply: string): string {
  return reply.startsWith('{') ? reply.replace(/:(?=\d)/, ':9') : /^\d/.test(reply) ? `1${reply}` : `x${reply}`;
}
