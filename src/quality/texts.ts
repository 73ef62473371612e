import type { Question } from './arithmetic.ts';
import { type Draw, WORDS } from './draw.ts';

const CHANGES: readonly ((draw: Draw) => [question: string, answer: string])[] = [
  ({ one, whole }) => {
    const word = `${one(WORDS)}${whole(10, 99)}`;
    return [`Write the characters of "${word}" in reverse order.`, [...word].reverse().join('')];
  },
  ({ some }) => {
    const words = some(WORDS, 2);
    return [`Write "${words.join(' ')}" in capital letters.`, words.join(' ').toUpperCase()];
  },
  ({ some, whole }) => {
    const words = some(WORDS, whole(4, 6));
    return [`Sort these words alphabetically: ${words.join(', ')}.`, [...words].sort().join(', ')];
  },
  ({ whole, some }) => {
    const hundred = Array.from({ length: 99 }, (_, index) => index + 1);
    const numbers = some(hundred, whole(5, 7));
    return [
      `Sort these numbers from the largest to the smallest: ${numbers.join(', ')}.`,
      [...numbers].sort((a, b) => b - a).join(', '),
    ];
  },
  ({ some, one }) => {
    const words = some(WORDS, 4);
    const twice = [...words, one(words)];
    return [
      `Remove the repeated word from this list and keep the order: ${twice.join(', ')}.`,
      [...new Set(twice)].join(', '),
    ];
  },
  ({ some }) => {
    const words = some(WORDS, 6);
    return [
      `Write every second word of this list, beginning with the first: ${words.join(', ')}.`,
      words.filter((_, index) => index % 2 === 0).join(', '),
    ];
  },
  ({ one }) => {
    const word = one(WORDS);
    const letter = one([...word]);
    return [`Replace each letter "${letter}" in "${word}" by a star (*).`, word.replaceAll(letter, '*')];
  },
];

/** A change of a text or of a list, which has one right result. `turn` chooses the change. */
export function textQuestion(draw: Draw, turn: number): Question {
  const change = CHANGES[turn % CHANGES.length] as (typeof CHANGES)[number];
  const [question, answer] = change(draw);
  return { question, answer };
}
