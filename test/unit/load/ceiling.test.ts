import net, { type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { ceilingTimes, measureCeiling } from '../../../src/load/ceiling.ts';
import { startResponder } from '../../../src/load/wire/responder.ts';

it('the load client finds out what it can send, and leaves nothing behind', async () => {
  // Other tests of this process have sockets too, so its own are counted.
  const connect = vi.spyOn(net, 'connect');
  const perSecond = await measureCeiling({ warmMs: 100, measureMs: 200 });
  const sockets = connect.mock.results.map(({ value }) => value as Socket);
  connect.mockRestore();
  // A machine that is busy with other tests sends this much too.
  expect(perSecond).toBeGreaterThan(50);
  expect(perSecond).toBeLessThan(1_000_000);
  expect(sockets.length).toBeGreaterThan(0);
  expect(sockets.filter(({ closed }) => !closed)).toEqual([]);
});

it('its endpoint answers each request of a connection, in whatever pieces it comes', async () => {
  const responder = await startResponder('{"ok":1}');
  try {
    for (const length of [1, 100_000]) {
      const response = await fetch(responder.url, { method: 'POST', body: 'x'.repeat(length) });
      expect([response.status, await response.json()]).toEqual([200, { ok: 1 }]);
    }
  } finally {
    await responder.close();
  }
  await expect(fetch(responder.url)).rejects.toThrow();
});

it('a ceiling takes a share of a pair, and for a long pair no longer than the most', () => {
  const most = { warmMs: 250, measureMs: 500 };
  expect(ceilingTimes(1_000, most)).toEqual({ warmMs: 100, measureMs: 125 });
  expect(ceilingTimes(2_000, most)).toEqual({ warmMs: 125, measureMs: 250 });
  for (const pairMs of [4_000, 32_000, 3_600_000]) expect(ceilingTimes(pairMs, most)).toEqual(most);
  expect(ceilingTimes(32_000, { warmMs: 500, measureMs: 2_000 })).toEqual({ warmMs: 500, measureMs: 2_000 });
});

it('a short ceiling goes on until enough requests have been counted', async () => {
  const began = performance.now();
  const perSecond = await measureCeiling({ warmMs: 0, measureMs: 1, mostMs: 10_000 });
  const tookSeconds = (performance.now() - began) / 1_000;
  expect(perSecond * tookSeconds).toBeGreaterThanOrEqual(900);
});
