import { type Draw, NAMES, THINGS } from './draw.ts';

/** A question in words and its answer. */
export interface Question {
  question: string;
  answer: string;
}

const STORIES: readonly ((draw: Draw) => [question: string, answer: number])[] = [
  ({ whole, one }) => {
    const [name, things] = [one(NAMES), one(THINGS)];
    const [own, boxes, each] = [whole(3, 60), whole(2, 9), whole(3, 24)];
    return [
      `${name} has ${own} ${things} and buys ${boxes} boxes with ${each} ${things} in each. How many ${things} does ${name} have now?`,
      own + boxes * each,
    ];
  },
  ({ whole, one }) => {
    const what = one(['bus', 'train', 'lorry', 'boat']);
    const [speed, hours, more] = [whole(20, 95), whole(2, 8), whole(5, 70)];
    return [
      `A ${what} travels ${speed} kilometres an hour for ${hours} hours, and then ${more} kilometres more. How many kilometres does it travel in all?`,
      speed * hours + more,
    ];
  },
  ({ whole, one }) => {
    const [name, things] = [one(NAMES), one(THINGS)];
    const [number, price, over] = [whole(2, 12), whole(2, 15), whole(1, 40)];
    return [
      `${name} buys ${number} ${things} at ${price} dollars each and pays with ${number * price + over} dollars. How many dollars does ${name} get back?`,
      over,
    ];
  },
  ({ whole, one }) => {
    const [name, things] = [one(NAMES), one(THINGS)];
    const [children, all] = [whole(3, 9), whole(30, 99)];
    return [
      `${name} shares ${all} ${things} equally among ${children} children and keeps the rest. How many ${things} does ${name} keep?`,
      all % children,
    ];
  },
  ({ whole, one }) => {
    const things = one(THINGS);
    const [morning, afternoon, left, delivered] = [whole(10, 80), whole(10, 80), whole(5, 90), whole(10, 120)];
    return [
      `A shop has ${morning + afternoon + left} ${things}. It sells ${morning} in the morning and ${afternoon} in the afternoon, and then ${delivered} are delivered. How many ${things} does it have now?`,
      left + delivered,
    ];
  },
];

/** A word problem of two or three steps; its answer is a whole number. `turn` chooses the story. */
export function arithmeticQuestion(draw: Draw, turn: number): Question {
  const story = STORIES[turn % STORIES.length] as (typeof STORIES)[number];
  const [question, answer] = story(draw);
  return { question, answer: String(answer) };
}
