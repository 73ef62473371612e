import { afterEach, describe, expect, it } from 'vitest';
import { type GcpLab, startGcpLab } from '../../../../lab/test/google/gcp-lab.ts';
import { createGkeClient, type GkeClient } from '../../../../src/clients/google/gke.ts';
import type { Failure } from '../../../../src/lib/failure.ts';
import { GARBAGE, OWN_WORDS } from '../garbage.ts';
import { gkeOptions } from './gcp-auth.ts';

let lab: GcpLab;
afterEach(() => lab?.close());

const CALLS: Record<string, [noun: string, path: RegExp, call: (gke: GkeClient) => Promise<unknown>]> = {
  getCluster: ['the cluster', /clusters\/serving$/, (gke) => gke.getCluster()],
  getNodePool: ['the node pool', /nodePools\/v6e$/, (gke) => gke.getNodePool('v6e')],
  setNodePoolSize: ['an operation', /:setSize$/, (gke) => gke.setNodePoolSize('v6e', 3)],
  getOperation: ['the operation', /operations\/operation-1$/, (gke) => gke.getOperation('operation-1')],
  listOperations: ['a list of operations', /\/operations$/, (gke) => gke.listOperations()],
};

/** Plays the call against a Container API that gives these replies in turn, and the last one from then on. */
async function playing(path: RegExp, replies: string[], call: (gke: GkeClient) => Promise<unknown>) {
  let asked = 0;
  lab = await startGcpLab({
    inject: (request) => {
      if (!path.test(request.path)) return undefined;
      const raw = replies[Math.min(asked, replies.length - 1)] as string;
      asked += 1;
      return raw === 'good' ? undefined : { status: 200, raw };
    },
  });
  const gke = await createGkeClient(gkeOptions(lab));
  try {
    return { value: await call(gke), asked };
  } catch (error) {
    return { failure: error as Failure, asked };
  } finally {
    await gke.close();
  }
}

const table = Object.entries(CALLS).flatMap(([name, [noun, path, call]]) =>
  Object.entries(GARBAGE).map(([garbage, body]) => ({ name, noun, path, call, garbage, body })),
);

/** A list without items in proto3: nothing tells it from an honest one. */
const EMPTY = 'an empty object';

describe('an answer of the Container API that is not what was asked for', () => {
  it.each(table)('is an error with a name, and tried again: $name, $garbage', async (one) => {
    const { failure, value, asked } = await playing(one.path, [one.body], one.call);
    if (one.name === 'listOperations' && one.garbage === EMPTY) {
      expect(value).toEqual([]);
      return;
    }
    expect(failure).toMatchObject({ code: 'gke-answer', blame: 'cloud', evidence: { retryable: true } });
    expect(failure?.message).toContain(`the Container API sent an answer that is not ${one.noun}: `);
    expect(failure?.message).not.toMatch(OWN_WORDS);
    expect(failure?.message).not.toContain('\n');
    expect(failure?.message.length).toBeLessThan(300);
    expect(asked).toBe(6);
  });

  it('is survived when a good one follows', async () => {
    const [, path, call] = CALLS.getNodePool!;
    const { value } = await playing(path, ['', GARBAGE.HTML!, '{}', 'good'], call);
    expect(value).toMatchObject({ name: 'v6e', status: 'RUNNING' });
  });
});
