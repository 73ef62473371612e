import { expect, it } from 'vitest';
import { measureCeiling } from '../../../src/load/ceiling.ts';
import { startResponder } from '../../../src/load/wire/responder.ts';

it('the load client finds out what it can send, and leaves nothing behind', async () => {
  const perSecond = await measureCeiling({ warmMs: 100, measureMs: 200 });
  // A machine that is busy with other tests sends this much too.
  expect(perSecond).toBeGreaterThan(50);
  expect(perSecond).toBeLessThan(1_000_000);
  expect(process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap')).toEqual([]);
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
