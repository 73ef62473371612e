import { NOT_PLAIN, QUOTE, readCount, readNumber, readString, token } from './tokens.ts';

/**
 * The template of the last answer: its bytes, with holes for its strings and numbers. The events of a stream have one
 * template, and comparing bytes takes half the time of reading them by the grammar. Bytes that are equal outside the holes,
 * with a value of the same kind in each hole, are read by the grammar in the same way.
 */
const MOST_BYTES = 4_096;
const MOST_HOLES = 64;
const template = new Uint8Array(MOST_BYTES);
/** 0 while there is none. */
let length = 0;
/** Offsets of the first byte of each hole and of the byte behind it, and the slot of its value. */
const starts = new Int32Array(MOST_HOLES);
const ends = new Int32Array(MOST_HOLES);
const slots = new Int32Array(MOST_HOLES);
let holes = 0;

/** Slot of a value that is not needed. */
export const NOWHERE = 15;

/** Forgets the template. The holes of the next one are added before `keepTemplate`. */
export function forgetTemplate(): void {
  length = 0;
  holes = 0;
}

/** Adds a hole for a string or a number, in the order of the bytes. Returns its end. */
export function addHole(start: number, end: number, slot: number): number {
  if (holes < MOST_HOLES) {
    starts[holes] = start;
    ends[holes] = end;
    slots[holes] = slot;
  }
  holes += 1;
  return end;
}

/** Keeps the bytes from `start` to `end` as the template, unless they are too long or have too many holes. */
export function keepTemplate(bytes: Uint8Array, start: number, end: number): void {
  if (end - start > MOST_BYTES || holes > MOST_HOLES) return;
  length = end - start;
  for (let at = 0; at < length; at += 1) template[at] = bytes[start + at] as number;
  for (let hole = 0; hole < holes; hole += 1) {
    starts[hole] = (starts[hole] as number) - start;
    ends[hole] = (ends[hole] as number) - start;
  }
}

/**
 * Reads bytes by the template. Puts the units of each string and each count into its slot, and leaves the other slots as the
 * template had them. Returns the offset behind the last byte, or `NOT_PLAIN` for bytes that are not of the template.
 */
export function readByTemplate(bytes: Uint8Array, start: number, values: Int32Array): number {
  if (length === 0) return NOT_PLAIN;
  let at = start;
  let from = 0;
  for (let hole = 0; hole < holes; hole += 1) {
    const until = starts[hole] as number;
    for (; from < until; from += 1, at += 1) if (bytes[at] !== template[from]) return NOT_PLAIN;
    const slot = slots[hole] as number;
    if (template[from] === QUOTE) at = takeString(bytes, at, slot, values);
    else at = slot === NOWHERE ? readNumber(bytes, at) : takeCount(bytes, at, slot, values);
    if (at === NOT_PLAIN) return NOT_PLAIN;
    from = ends[hole] as number;
  }
  for (; from < length; from += 1, at += 1) if (bytes[at] !== template[from]) return NOT_PLAIN;
  return at;
}

function takeString(bytes: Uint8Array, at: number, slot: number, values: Int32Array): number {
  if (bytes[at] !== QUOTE) return NOT_PLAIN;
  const stop = readString(bytes, at);
  values[slot] = token.units;
  return stop;
}

function takeCount(bytes: Uint8Array, at: number, slot: number, values: Int32Array): number {
  const stop = readNumber(bytes, at);
  values[slot] = readCount(bytes, at, stop);
  return values[slot] === -1 ? NOT_PLAIN : stop;
}
