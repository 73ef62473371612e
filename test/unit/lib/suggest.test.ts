import { expect, it } from 'vitest';
import { nearest } from '../../../src/lib/suggest.ts';

const NAMES = ['cluster', 'location', 'node-pool', 'nodes', 'lease-timeout', 'ready-timeout', 'pr-number', 'pairs'];

it.each([
  ['clutser', 'cluster'],
  ['node-pools', 'node-pool'],
  ['node', 'nodes'],
  ['lease-timout', 'lease-timeout'],
  ['readytimeout', 'ready-timeout'],
  ['pair', 'pairs'],
  ['nodse', 'nodes'],
  ['pasri', undefined],
  ['zone', undefined],
  ['x', undefined],
  ['', undefined],
  ['completely-different', undefined],
  // As near to one as to the other: the first in the list of inputs.
  ['eady-timeout', 'ready-timeout'],
])('finds %j near %j', (given, name) => {
  expect(nearest(given, NAMES)).toBe(name);
});
