import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealKube, startApiServer } from '../../lab/apiserver/api-server.ts';
import { leaseObject, readLease } from '../../src/stages/lease/lease-record.ts';
import { acquirePool, expirePool, keepPool, type LeaseContext, returnPool } from '../../src/stages/lease/pool-lease.ts';
import type { AnyObject } from '../any-object.ts';
import { fakeClock } from '../unit/lib/fake-clock.ts';
import { LEASE } from '../unit/stages/fakes.ts';
import { clientOf } from './client.ts';

const WAITING = { onBusy: 'stop', takesKept: false, limitMs: 60_000, pollIntervalMs: 250 } as const;
const REF = {
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  name: 'tpu-serving-gate-v6e',
  namespace: 'default',
} as const;

describe('the lease of a pool on a real API server', () => {
  let kube: RealKube;
  const clients: { close(): Promise<void> }[] = [];
  beforeAll(async () => {
    kube = await startApiServer();
  });
  afterAll(async () => {
    for (const client of clients) await client.close();
    await kube?.stop();
  });

  const contextOf = (n: number | string, change: Partial<LeaseContext> = {}): LeaseContext => {
    const client = clientOf(kube);
    clients.push(client);
    return {
      kube: client,
      clock: fakeClock(),
      signal: new AbortController().signal,
      emit: () => {},
      namespace: 'default',
      holder: { identity: `cli/${n}`, runKey: `run-${n}` },
      ...change,
    };
  };
  const race = async (count: number, prefix: string) => {
    const runs = Array.from({ length: count }, (_, n) => acquirePool(contextOf(`${prefix}${n}`), LEASE, WAITING));
    return (await Promise.allSettled(runs)).flatMap((one, n) =>
      one.status === 'fulfilled' ? [{ holder: `cli/${prefix}${n}`, taken: one.value }] : [],
    );
  };

  it('is had by one of twenty, kept, expired, taken over by one of twenty, and returned', async () => {
    const [first, ...others] = await race(20, 'a');
    expect(others).toEqual([]);
    const client = contextOf('reader').kube;
    expect((await client.get(REF))?.spec?.holderIdentity).toBe(first?.holder);

    // A sign of life, as the API server takes it.
    const before = (await client.get(REF))?.spec?.renewTime ?? '';
    const controller = new AbortController();
    const holder = { identity: first?.holder ?? '', runKey: `run-${first?.holder.slice(4)}` };
    const renewed: string[] = [];
    await keepPool(contextOf('keeper', { holder, signal: controller.signal }), LEASE, {
      onRenewed: (at) => {
        renewed.push(at);
        controller.abort();
      },
      onLost: (failure) => expect.unreachable(failure.message),
    });
    expect(renewed).toHaveLength(1);
    const kept = await client.get(REF);
    expect((kept?.spec?.renewTime ?? '') > before).toBe(true);
    expect(readLease(kept!)).toMatchObject({ holder: first?.holder, state: LEASE });

    expect(await race(5, 'b')).toEqual([]);
    await expirePool(contextOf('dying', { holder }), LEASE);
    const [second, ...late] = await race(20, 'c');
    expect(late).toEqual([]);
    expect(second?.taken.story).toMatchObject({ holder: first?.holder, state: LEASE });
    expect((await client.get(REF))?.spec?.leaseTransitions).toBe(1);

    await returnPool(contextOf('stranger', { holder }), 'v6e');
    expect(await client.get(REF)).not.toBeNull();
    await returnPool(
      contextOf('owner', { holder: { identity: second?.holder ?? '', runKey: `run-${second?.holder.slice(4)}` } }),
      'v6e',
    );
    expect(await client.get(REF)).toBeNull();
  });

  it('is not deleted in a version that nobody read', async () => {
    const client = contextOf('x').kube;
    const times = { nowMs: Date.now(), acquiredAtMs: Date.now(), transitions: 0 };
    const made: AnyObject | null = await client.create(
      leaseObject('default', { identity: 'cli/x', runKey: 'x' }, LEASE, times),
    );
    await client.replace({ ...made!, spec: { ...made!.spec, leaseTransitions: 9 } });
    const { uid, resourceVersion } = made!.metadata;
    expect(await client.remove(REF, { uid, resourceVersion })).toBe(false);
    expect((await client.get(REF))?.spec?.leaseTransitions).toBe(9);
    expect(await client.replace(made!)).toBeNull();
    expect(await client.create(leaseObject('default', { identity: 'cli/y', runKey: 'y' }, LEASE, times))).toBeNull();
    expect(await client.remove(REF)).toBe(true);
  });
});
