import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { envoyContract } from '../../lab/test/contract/stack/envoy.ts';
import { RECORDINGS, recording } from '../../lab/test/contract/stack/fixture.ts';
import { kserveContract } from '../../lab/test/contract/stack/kserve.ts';
import { observeStack, type StackObservation } from '../../lab/test/contract/stack/observe.ts';
import { startWorld, type World } from '../../lab/test/contract/stack/world.ts';
import { MINUTES } from './stack.ts';

/** The recordings that the lab and the product are held against are still what the real parts do. */
describe('the recordings of the real parts', () => {
  let world: World | undefined;
  let seen: StackObservation;
  beforeAll(async () => {
    const assets = process.env.STACK_ASSETS as string;
    world = await startWorld({ assets, timeScale: 20 });
    seen = await observeStack(world, assets);
  }, 5 * MINUTES);
  afterAll(() => world?.stop());

  envoyContract(async (state) => seen['envoy.json'][state]);
  kserveContract('pattern3', async () => seen['kserve-pattern3.json'], 'real');
  kserveContract('pattern1', async () => seen['kserve-pattern1.json'], 'real');

  it("hold the endpoint picker's command line, flags, metrics and last words", () => {
    expect(seen['picker.json']).toEqual(recording('picker.json'));
  });

  it("hold the names and labels of the endpoint picker's metrics", () => {
    const text = readFileSync(join(RECORDINGS, 'picker-metrics.txt'), 'utf8');
    expect(seriesOf(seen['picker-metrics.txt'])).toEqual(seriesOf(text));
  });

  it("hold the fields of Envoy's clusters", () => {
    expect(shapeOf(seen['envoy-clusters.json'])).toEqual(shapeOf(recording('envoy-clusters.json')));
  });
});

/** `NAME{LABELS}` of each series, without the labels' values. */
function seriesOf(text: string): string[] {
  const names = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.replace(/ \S+$/, '').replaceAll(/="(?:[^"\\]|\\.)*"/g, ''));
  return [...new Set(names)].sort();
}

/** Every path to a value with the value's type; items of a list are alike. */
function shapeOf(value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => shapeOf(item, `${path}[]`)))].sort();
  if (typeof value === 'object' && value !== null) {
    return [...new Set(Object.entries(value).flatMap(([key, item]) => shapeOf(item, `${path}.${key}`)))].sort();
  }
  return [`${path}: ${typeof value}`];
}
