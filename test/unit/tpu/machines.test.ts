import { describe, expect, it } from 'vitest';
import { chipsOf, hostsOfSlice, isTpuName, machineOf, type TpuFamily } from '../../../src/tpu/machines.ts';
import { chipHourPrice, priceBasis } from '../../../src/tpu/prices.ts';

describe('a machine type of Google', () => {
  it.each<[string, TpuFamily, number, string, string]>([
    ['ct5lp-hightpu-1t', 'v5e', 1, 'tpu-v5-lite-podslice', '1x1'],
    ['ct5lp-hightpu-4t', 'v5e', 4, 'tpu-v5-lite-podslice', '2x2'],
    ['ct5lp-hightpu-8t', 'v5e', 8, 'tpu-v5-lite-podslice', '2x4'],
    ['ct5l-hightpu-8t', 'v5e', 8, 'tpu-v5-lite-device', '2x4'],
    ['ct5p-hightpu-4t', 'v5p', 4, 'tpu-v5p-slice', '2x2x1'],
    ['ct6e-standard-1t', 'v6e', 1, 'tpu-v6e-slice', '1x1'],
    ['ct6e-standard-4t', 'v6e', 4, 'tpu-v6e-slice', '2x2'],
    ['ct6e-standard-8t', 'v6e', 8, 'tpu-v6e-slice', '2x4'],
    ['tpu7x-standard-1t', 'v7x', 1, 'tpu7x', '1x1x1'],
    ['tpu7x-standard-4t', 'v7x', 4, 'tpu7x', '2x2x1'],
    ['tpu7x-ultranet-4t', 'v7x', 4, 'tpu7x', '2x2x1'],
  ])('%s is of %s with %d chips', (name, family, chips, accelerator, hostTopology) => {
    expect(machineOf(name)).toEqual({ family, chips, accelerator, hostTopology });
    expect(isTpuName(name)).toBe(true);
    expect(hostsOfSlice(hostTopology, chips)).toBe(1);
  });

  it.each([
    ['tpu9z-standard-4t', true],
    ['ct4p-hightpu-4t', true],
    ['e2-standard-4', false],
    ['a3-highgpu-8g', false],
    ['c4-standard-48', false],
    [null, false],
  ])('%s is not in the table; named as a TPU machine: %s', (name, named) => {
    expect(machineOf(name)).toBeNull();
    expect(chipsOf(name)).toBeNull();
    expect(isTpuName(name)).toBe(named);
  });
});

describe('a slice', () => {
  it.each([
    ['2x2', 4, 1],
    ['4x4', 4, 4],
    ['2x4', 8, 1],
    ['2x2x2', 4, 2],
    ['4x4x4', 4, 16],
    ['odd', 4, null],
    ['0x4', 4, null],
  ])('of topology %s on machines of %d chips has %s hosts', (topology, chips, hosts) => {
    expect(hostsOfSlice(topology, chips)).toBe(hosts);
  });
});

describe('the list price of a chip-hour', () => {
  const price = (machineType: string | null, change = {}) =>
    chipHourPrice(
      priceBasis('europe-west4-a', { machineType, spot: false, reserved: false, pricePerChipHourUsd: null, ...change }),
    );

  it('is known for v6e, on demand and as spot', () => {
    expect(price('ct6e-standard-4t')?.usd).toBe(2.97);
    expect(price('ct6e-standard-8t', { spot: true })?.usd).toBe(1.037);
  });

  it.each(['ct5lp-hightpu-4t', 'ct5p-hightpu-4t', 'tpu7x-standard-4t', 'tpu9z-standard-4t', 'e2-standard-4', null])(
    'is not known for %s, and the price given is taken',
    (machineType) => {
      expect(price(machineType)).toBeNull();
      expect(price(machineType, { pricePerChipHourUsd: 1.2 })).toEqual({ usd: 1.2, source: 'input' });
    },
  );

  it('is not that of a reservation', () => {
    expect(price('ct6e-standard-4t', { reserved: true })).toBeNull();
  });
});
