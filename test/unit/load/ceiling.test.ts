import net, { type Socket } from 'node:net';
import { expect, it, vi } from 'vitest';
import { measureCeiling } from '../../../src/load/ceiling.ts';
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
