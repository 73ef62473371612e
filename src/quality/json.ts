import { type Draw, NAMES, THINGS } from './draw.ts';

/** A sentence to write as JSON, and the value that it makes. */
export interface JsonQuestion {
  question: string;
  json: unknown;
}

const CITIES = ['Lima', 'Oslo', 'Porto', 'Quito', 'Riga', 'Sofia', 'Tunis', 'Vienna'] as const;
const HOBBIES = ['chess', 'cooking', 'dancing', 'drawing', 'football', 'reading', 'sailing', 'singing'] as const;
const TOPICS = ['budget', 'design', 'hiring', 'release', 'safety', 'travel'] as const;
const DAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday'] as const;

const [TEXT, WHOLE, FLAG] = [{ type: 'string' }, { type: 'integer' }, { type: 'boolean' }];

const FACTS: readonly ((draw: Draw) => [properties: object, sentence: string, json: unknown])[] = [
  ({ one, some, whole }) => {
    const [name, age, city, likes] = [one(NAMES), whole(18, 80), one(CITIES), some(HOBBIES, 2)];
    return [
      { name: TEXT, age: WHOLE, city: TEXT, likes: { type: 'array', items: TEXT } },
      `${name} is ${age} years old, lives in ${city} and likes ${likes.join(' and ')}.`,
      { name, age, city, likes },
    ];
  },
  ({ one, whole }) => {
    const [order, count, item, price, paid] = [whole(100, 999), whole(2, 9), one(THINGS), whole(2, 20), whole(0, 1)];
    return [
      { order: WHOLE, item: TEXT, count: WHOLE, price: WHOLE, paid: FLAG },
      `Order ${order} is for ${count} ${item} at a price of ${price} each and is ${paid ? 'paid' : 'not paid'}.`,
      { order, item, count, price, paid: paid === 1 },
    ];
  },
  ({ one, whole }) => {
    const [topic, day, hour, room, people] = [one(TOPICS), one(DAYS), whole(10, 17), whole(1, 40), whole(3, 20)];
    return [
      { topic: TEXT, day: TEXT, time: TEXT, place: { type: 'object', properties: { room: WHOLE, seats: WHOLE } } },
      `The ${topic} meeting is on ${day} at ${hour}:30 in room ${room}, which has ${people} seats.`,
      { topic, day, time: `${hour}:30`, place: { room, seats: people } },
    ];
  },
];

/** Facts in a sentence, with the schema of the object that is to hold them. `turn` chooses the kind of fact. */
export function jsonQuestion(draw: Draw, turn: number): JsonQuestion {
  const fact = FACTS[turn % FACTS.length] as (typeof FACTS)[number];
  const [properties, sentence, json] = fact(draw);
  const schema = { type: 'object', properties, required: Object.keys(properties), additionalProperties: false };
  return { question: `Write this as JSON of the schema ${JSON.stringify(schema)}: ${sentence}`, json };
}
