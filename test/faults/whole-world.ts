import { Agent, request } from 'undici';
import { loopbackCertificate } from '../../lab/certs.ts';
import { LAB, type Lab, startLab } from '../../lab/lab.ts';
import type { GcpRecord, GithubRecord } from '../../lab/protocol.ts';
import { SCENARIOS, type Scenario } from '../../lab/scenarios/scenarios.ts';
import { issueToken } from '../../lab/tokens.ts';
import type { KubeObject } from '../../src/clients/kubernetes/objects.ts';
import type { LeaseState } from '../../src/stages/context.ts';
import { readLease } from '../../src/stages/lease/lease-record.ts';
import { CLI } from '../cli.ts';
import { fakeRunner, type Job } from '../e2e/fake-runner.ts';
import { FAULT_BODIES, type FaultProxy, startFaultProxy } from './proxy.ts';

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/default/leases/tpu-serving-gate-${LAB.nodePool}`;

export const SERVERS = ['google', 'kube', 'github'] as const;
export type Server = (typeof SERVERS)[number];

/** The lab at full speed, each of its servers behind a proxy that can fail. */
export interface WholeWorld {
  lab: Lab;
  proxies: Record<Server, FaultProxy>;
  /** Texts that nobody may ever read. */
  secrets: string[];
  gcp(): Promise<GcpRecord>;
  github(): Promise<GithubRecord>;
  leaseIsThere(): Promise<boolean>;
  /** What the pool's lease in the cluster says of itself; null without one. */
  lease(): Promise<LeaseState | null>;
  /** A job of a run of its own, on a machine of its own. */
  newJob(given?: { dist?: string }): { run: number; job: Job };
  /** As GitHub would say of a run whose machine is lost. */
  runIsOver(run: number): Promise<void>;
  victim: { kill: () => void; interrupt: () => void };
  close(): Promise<void>;
}

export async function startWholeWorld(scenario: Scenario = SCENARIOS.pass!): Promise<WholeWorld> {
  const lab = await startLab({
    scenario,
    timeScale: 100,
    isOneProcess: true,
    isReused: true,
    seed: 11,
    entry: { module: CLI, args: ['lab-process'] },
  });
  const tls = await loopbackCertificate('faults');
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const victim: WholeWorld['victim'] = { kill: () => {}, interrupt: () => {} };
  const told = { onKill: () => victim.kill(), onInterrupt: () => victim.interrupt() };
  const kube = await startFaultProxy({
    target: { origin: () => `https://${lab.kube.endpoint}` },
    tls,
    body: FAULT_BODIES.kube,
    ...told,
  });
  const google = await startFaultProxy({
    target: { origin: () => lab.gcp.url },
    body: FAULT_BODIES.google,
    // The cluster is where the proxy is.
    rewrite: (text) =>
      text
        .replaceAll(lab.kube.endpoint, `127.0.0.1:${kube.port}`)
        .replaceAll(base64(lab.kube.caPem), base64(tls.caPem)),
    ...told,
  });
  const github = await startFaultProxy({
    target: { origin: () => lab.github.apiUrl },
    body: () => ({ message: 'a fault' }),
    ...told,
  });
  let runs = 0;
  const oidc = new URL(lab.gcp.oidcRequestUrl);
  const admin = new Agent({ connect: { ca: lab.kube.caPem } });
  const readPoolLease = async (): Promise<KubeObject | null> => {
    const token = issueToken(lab.tokenSecret, { subject: 'admin@example.com', expiresAt: Date.now() + 60_000 });
    const { statusCode, body } = await request(`https://${lab.kube.endpoint}${LEASE}`, {
      dispatcher: admin,
      headers: { authorization: `Bearer ${token}` },
    });
    const text = await body.text();
    return statusCode === 200 ? (JSON.parse(text) as KubeObject) : null;
  };
  const record = async (controlUrl: string) => (await fetch(`${controlUrl}/record`)).json();
  return {
    lab,
    proxies: { google, kube, github },
    victim,
    secrets: [lab.githubToken, lab.tokenSecret, 'ya29.lab.', lab.gcp.oidcRequestToken],
    gcp: () => record(lab.gcp.controlUrl) as Promise<GcpRecord>,
    github: () => record(lab.github.controlUrl) as Promise<GithubRecord>,
    leaseIsThere: async () => (await readPoolLease()) !== null,
    lease: async () => {
      const object = await readPoolLease();
      return object ? readLease(object).state : null;
    },
    newJob(given = {}) {
      const run = ++runs;
      const job = fakeRunner({
        ...given,
        event: {
          name: 'pull_request',
          payload: { pull_request: { number: LAB.pullRequest, head: { sha: 'c0ffee1'.padEnd(40, '0') } } },
        },
        env: {
          ...lab.env,
          CLOUDSDK_API_ENDPOINT_OVERRIDES_CONTAINER: `${google.origin}/`,
          CLOUDSDK_API_ENDPOINT_OVERRIDES_STS: `${google.origin}/`,
          ACTIONS_ID_TOKEN_REQUEST_URL: `${google.origin}${oidc.pathname}${oidc.search}`,
          GITHUB_API_URL: github.origin,
          GITHUB_GRAPHQL_URL: `${github.origin}/graphql`,
          GITHUB_RUN_ID: String(FIRST_RUN + run),
          GITHUB_RUN_NUMBER: String(run),
        },
        inputs: {
          'project-id': LAB.project,
          location: LAB.location,
          cluster: LAB.cluster,
          'workload-identity-provider': LAB.provider,
          'github-token': lab.githubToken,
          'poll-interval': '250ms',
          'api-timeout': '1s',
          'pair-duration': '1s',
          pairs: '3-3',
          concurrency: '4',
          // What is measured here depends on the other tests on this machine. No fault makes three replicas this slow.
          'target-speedup': '0.1-2.8',
          runbook: 'false',
          'latency-duration': '1s',
          'goodput-slo': 'off',
        },
      });
      return { run, job };
    },
    async runIsOver(run) {
      await fetch(`${lab.github.controlUrl}/runs/${FIRST_RUN + run}/1`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ status: 'completed', updatedAt: new Date(Date.now() - 1_800_000).toISOString() }),
      });
    },
    async close() {
      await Promise.all([google.close(), kube.close(), github.close(), admin.close()]);
      await lab.stop();
    },
  };
}

export const FIRST_RUN = 18_300_000_000;
