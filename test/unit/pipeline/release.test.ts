import { afterEach, describe, expect, it } from 'vitest';
import type { ApiRequest, Inject } from '../../../lab/google/http.ts';
import { type GcpLab, startGcpLab } from '../../../lab/test/google/gcp-lab.ts';
import { type Clock, systemClock } from '../../../src/lib/poll.ts';
import { startJournal } from '../../../src/pipeline/journal.ts';
import { clearBeside, releaseLease } from '../../../src/pipeline/release.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import type { Report } from '../../../src/report/model.ts';
import type { LeaseState } from '../../../src/stages/context.ts';
import { labEnv } from '../clients/google/gcp-auth.ts';
import { aReport } from '../report/fixtures.ts';
import { applied, fakeKube, LEASE, someInputs, texts } from '../stages/fakes.ts';

let lab: GcpLab;
afterEach(() => lab?.close());

/** Nobody waits longer than the lab does. */
const hasty: Clock = { now: systemClock.now, sleep: (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) };
const lease: LeaseState = {
  ...LEASE,
  projectId: 'demo',
  location: 'us-east5-b',
  cluster: 'serving',
  renewedAt: new Date().toISOString(),
};

/** Gives back three nodes of the lab's pool, whose Kubernetes API answers nobody. */
async function giveBack(inject?: Inject): Promise<{ report: Report; said: ProgressEvent[] }> {
  lab = await startGcpLab({ nodes: 3, ...(inject ? { inject } : {}) });
  const key = {
    type: 'service_account',
    client_email: lab.config.serviceAccount.email,
    private_key: lab.privateKeyPem,
    token_uri: `${lab.url}/token`,
  };
  const said: ProgressEvent[] = [];
  const journal = startJournal(aReport());
  const connection = {
    // Since the lease was taken, the inputs have come to name another cluster.
    inputs: someInputs({ cluster: 'another', 'credentials-json': JSON.stringify(key), 'release-timeout': '30s' }),
    env: labEnv(lab),
    clock: hasty,
    signal: AbortSignal.abort(new Error('the run was cancelled')),
    emit: (event: ProgressEvent) => said.push(event),
    onSecret: () => {},
  };
  await releaseLease(connection, journal, lease);
  return { report: journal.report(), said };
}

describe('the workload beside the report', () => {
  const objects = () =>
    fakeKube({
      LLMInferenceService: () => [applied('LLMInferenceService', 'qwen')],
      ConfigMap: () => [applied('ConfigMap', 'first', null)],
    });
  const clear = async (change: Partial<LeaseState>) => {
    const said: ProgressEvent[] = [];
    const { kube, removed } = objects();
    await clearBeside(kube, (event) => said.push(event), { ...LEASE, ...change });
    return { removed, said: texts(said) };
  };

  it('is removed, and nothing else', async () => {
    const { removed, said } = await clear({});
    expect(removed).toEqual(['LLMInferenceService qwen in ns']);
    expect(said).toContain('ConfigMap first in ns was not made by this run and stays');
  });

  it.each<[string, Partial<LeaseState>]>([
    ['nodes by demand, whose pods the release looks at', { demand: { scaleDownMs: 1_000 } as never }],
    ['a pool that may not be of this run', { phase: 'acquiring' }],
  ])('is left to the release with %s', async (_, change) => {
    expect(await clear(change)).toEqual({ removed: [], said: [] });
  });

  it('never fails a run that has its verdict', async () => {
    const { kube } = objects();
    const refusing = { ...kube, get: () => Promise.reject(new TypeError('x is undefined')) } as typeof kube;
    const said: ProgressEvent[] = [];
    await clearBeside(refusing, (event) => said.push(event), LEASE);
    expect(texts(said)).toHaveLength(LEASE.workload.length);
  });
});

describe('the release as a stage', () => {
  it('heeds the lease alone: neither the inputs nor what ended the run', async () => {
    const { report, said } = await giveBack();
    expect(report.release).toMatchObject({ outcome: 'released', nodesLeft: null, command: null });
    expect((await lab.record()).resizes).toMatchObject([{ pool: 'v6e', nodeCount: 0 }]);
    expect(report.stages.at(-1)).toMatchObject({ stage: 'release', outcome: 'done' });
    // Nobody saw the nodes go, so that main's figures stand.
    expect(report.cost).toEqual(aReport().cost);
    expect(said[0]).toMatchObject({ type: 'stage-start', stage: 'release', limitMs: 30_000 });
    expect(said.at(-1)).toMatchObject({ type: 'stage-end', outcome: 'done' });
    expect(texts(said)).toContainEqual(expect.stringContaining('the Kubernetes API cannot be asked'));
  });

  it('goes on after a bad minute of the identity provider', async () => {
    let faults = 9;
    const { report } = await giveBack((request: ApiRequest) => {
      if (request.path !== '/token' || faults === 0) return undefined;
      faults -= 1;
      return { status: 503, body: { error: 'unavailable' } };
    });
    expect([faults, report.release?.outcome]).toEqual([0, 'released']);
  });

  it('that is not allowed ends at once, with the command to run', async () => {
    const { report, said } = await giveBack((request: ApiRequest) =>
      request.path.endsWith('/v6e:setSize') || request.path.endsWith('/setSize')
        ? { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED', message: 'Required permission' } } }
        : undefined,
    );
    expect(report.release).toMatchObject({
      outcome: 'failed',
      message: expect.stringContaining('Required permission'),
      command: expect.stringContaining('resize serving --node-pool v6e --num-nodes 0 --location us-east5-b'),
    });
    expect(said.at(-1)).toMatchObject({ type: 'stage-end', outcome: 'failed' });
  });
});
