import { describe, expect, it } from 'vitest';
import { fanOut } from '../../../src/load/fan-out.ts';

describe('one client over several', () => {
  it('keeps an equal part of what is in flight on each', async () => {
    const ends: (() => void)[] = [];
    const inFlight = [0, 0, 0];
    const clients = inFlight.map((_, index) => ({
      send: () =>
        new Promise<never>((resolve) => {
          inFlight[index]! += 1;
          ends.push(() => {
            inFlight[index]! -= 1;
            resolve({ status: 200 } as never);
          });
        }),
      close: async () => {},
    }));
    const client = fanOut(clients);
    const sent = Array.from({ length: 9 }, () => client.send(Buffer.from('{}')));
    expect(inFlight).toEqual([3, 3, 3]);
    // Whatever ends is replaced on the same one.
    ends[4]!();
    await sent[4];
    void client.send(Buffer.from('{}'));
    expect(inFlight).toEqual([3, 3, 3]);
    await expect(fanOut([]).send(Buffer.from(''))).rejects.toThrow('no clients');
  });
});
