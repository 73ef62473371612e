import { createHash } from 'node:crypto';

/** The alphabet of generated names: no vowels, so that none spells a word, and no look-alikes (apimachinery util/rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A generated suffix of `length` characters. */
export function suffix(random: () => number, length = 5): string {
  return Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');
}

/** The pod-template-hash of a template: equal templates give equal hashes, in whatever order their fields come. */
export function templateHash(template: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(template, byName)).digest();
  return Array.from(digest.subarray(0, 10), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

function byName(_key: string, value: unknown): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
