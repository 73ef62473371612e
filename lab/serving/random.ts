/** A stream of uniform numbers in [0, 1). */
export type Random = () => number;

/** 32-bit FNV-1a of a text: turns a pod's name or a prompt into a seed. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** Seeded uniform numbers (mulberry32), so that a run can be repeated. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Returns what draws a lognormal factor of mean 1 with the given coefficient of variation. */
export function lognormal(variation: number): (random: Random) => number {
  const variance = Math.log(1 + variation ** 2);
  const deviation = Math.sqrt(variance);
  return (random) => Math.exp(normal(random) * deviation - variance / 2);
}

/** A standard normal draw (Box and Muller 1958); 1 − u keeps the logarithm finite. */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
