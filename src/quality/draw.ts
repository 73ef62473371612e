import { createRandom } from '../load/prompts.ts';

/** Draws from a seed: the same seed gives the same draws on any machine. */
export interface Draw {
  /** A whole number from `low` to `high`. */
  whole(low: number, high: number): number;
  one<T>(items: readonly T[]): T;
  /** `count` different items, in a drawn order. */
  some<T>(items: readonly T[], count: number): T[];
}

export function createDraw(seed: string): Draw {
  const random = createRandom(seed);
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const one = <T>(items: readonly T[]): T => items[whole(0, items.length - 1)] as T;
  return {
    whole,
    one,
    some(items, count) {
      const left = [...items];
      return Array.from({ length: count }, () => left.splice(whole(0, left.length - 1), 1)[0] as (typeof left)[number]);
    },
  };
}

export const NAMES = ['Ada', 'Bruno', 'Chloe', 'Dario', 'Edith', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas'] as const;

export const THINGS = ['apples', 'books', 'coins', 'eggs', 'pens', 'plates', 'shells', 'stamps'] as const;

export const WORDS = [
  ...['anchor', 'basket', 'candle', 'donkey', 'engine', 'forest', 'garden', 'hammer', 'island', 'jacket'],
  ...['kettle', 'ladder', 'mirror', 'needle', 'orange', 'pepper', 'rabbit', 'saddle', 'tunnel', 'violin'],
  ...['window', 'yellow', 'bridge', 'copper', 'dragon', 'falcon', 'guitar', 'harbor', 'lemon', 'meadow'],
] as const;
