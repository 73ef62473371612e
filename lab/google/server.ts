import type { GcpConfig, GcpPorts, GcpRecord } from '../protocol.ts';
import { refuseCalls } from '../refused-calls.ts';
import { startRegistry } from '../registry/server.ts';
import type { CloudFaults } from '../scenarios/types.ts';
import { issueToken } from '../tokens.ts';
import { startAutoscaler } from './autoscaler.ts';
import { answerUnder, firstOfEachKind } from './call-faults.ts';
import { createClock, createRandom } from './clock.ts';
import { type ContainerState, containerApi } from './container-api.ts';
import { googleError, notPlayed } from './errors.ts';
import { type ApiRequest, type Inject, jsonObject, listen, noFault, type Reply } from './http.ts';
import { emptyIam, iamApi } from './iam.ts';
import { createNodePool } from './node-pool.ts';
import { createOidcProvider, OIDC_PATH } from './oidc.ts';
import { createOperations } from './operations.ts';
import { createNodePublisher } from './publish-nodes.ts';
import { exchangeAssertion, generateAccessToken, type IssueToken } from './service-account.ts';
import { exchangeToken } from './sts.ts';

const OUTAGE = googleError('UNAVAILABLE', 'The service is currently unavailable.');

/** Labels that GKE puts onto the nodes of a pool by the way in which they are paid for. */
function labelsOf({ spot, autoscaler }: CloudFaults): Record<string, string> {
  return {
    ...(spot ? { 'cloud.google.com/gke-spot': 'true' } : {}),
    ...(autoscaler?.pool === 'flex-start' ? { 'cloud.google.com/gke-flex-start': 'true' } : {}),
    ...(autoscaler?.pool === 'queued' ? { 'cloud.google.com/gke-queued': 'true' } : {}),
  };
}

/**
 * Google Cloud as one run of the gate meets it, on one loopback listener: Container API, GitHub's OIDC endpoint, STS,
 * IAM Credentials and the OAuth token endpoint; the record is on a second listener. `inject` sees each request first.
 */
export async function startGcp(
  given: GcpConfig,
  inject: Inject = noFault,
): Promise<GcpPorts & { close(): Promise<void> }> {
  const { machine } = given.scenario.gcp;
  const config = machine ? { ...given, nodePool: { ...given.nodePool, ...machine } } : given;
  const clock = createClock(config.timeScale);
  const random = createRandom(config.seed);
  const operations = createOperations(clock, random);
  const pool = createNodePool({ config, clock, random, operations, changed: () => publisher.publish() });
  const publisher = createNodePublisher(config.kubeControlUrl, config.nodePool.name, () => ({
    machineType: config.nodePool.machineType,
    tpuTopology: config.nodePool.tpuTopology,
    chipsPerNode: config.nodePool.chipsPerNode,
    zone: config.location,
    ...(machine ? { accelerator: machine.accelerator } : {}),
    labels: labelsOf(config.scenario.gcp),
    nodes: pool.group.vms(),
  }));
  const state: ContainerState = { config, operations, pool, createTime: new Date().toISOString(), resizes: [] };
  const iam = emptyIam();
  const oidc = createOidcProvider();
  const requests: GcpRecord['requests'] = [];
  const { callFault, outageSeconds, refused, tokenSeconds } = config.scenario.gcp;
  /** However long a token says that it lives, the scenario may end it sooner. */
  const issue: IssueToken = ({ subject, expiresAt }) => {
    const refusedFrom = tokenSeconds === null ? expiresAt : Math.min(expiresAt, Date.now() + tokenSeconds * 1_000);
    return issueToken(config.tokenSecret, { subject, expiresAt: refusedFrom });
  };
  const faultOf = firstOfEachKind(callFault);
  const refuse = refuseCalls(refused);
  const isDown = () => {
    const [first] = state.resizes;
    return (
      outageSeconds !== null &&
      first !== undefined &&
      Date.now() < first.at + (outageSeconds * 1_000) / config.timeScale
    );
  };

  const tokenCall = (request: ApiRequest): (() => Reply) | null => {
    const email = /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(request.path)?.[1];
    if (request.path === OIDC_PATH) return () => oidc.answer(request);
    if (request.method !== 'POST') return null;
    if (request.path === '/v1/token') return () => exchangeToken(request, { oidc, issue, ...config });
    if (request.path === '/token') return () => exchangeAssertion(request, api.url, { issue, ...config });
    return email === undefined ? null : () => generateAccessToken(request, email, { issue, ...config });
  };

  const api = await listen(async (request) => {
    const token = tokenCall(request);
    const carriedOut = () =>
      refuse(request.method, request.path) ??
      (token ? token() : isDown() ? OUTAGE : (iamApi(request, iam, config) ?? containerApi(request, state))) ??
      notPlayed(request);
    const reply = (await inject(request)) ?? (await answerUnder(faultOf(request), async () => carriedOut()));
    const body = token || request.body === '' ? undefined : (jsonObject(request.body) ?? request.body);
    requests.push({
      at: Date.now(),
      method: request.method,
      path: request.path,
      status: reply.status,
      ...(body !== undefined && { body }),
    });
    return reply;
  });

  const registry = await startRegistry(config.scenario.cluster);
  const control = await listen((request) => {
    if (request.method === 'PATCH' && request.path === '/iam') {
      Object.assign(iam, jsonObject(request.body));
      return { status: 204 };
    }
    if (request.method !== 'GET' || request.path !== '/record') return { status: 404 };
    const record: GcpRecord = {
      requests,
      resizes: state.resizes,
      operations: operations.list().map(({ name, type, target, startTime, endTime }) => ({
        name,
        type,
        target,
        startTime,
        endTime: endTime ?? null,
      })),
      nodes: { [config.nodePool.name]: pool.group.vms().map((vm) => vm.name) },
      targetSize: { [config.nodePool.name]: pool.group.targetSize() },
      registry: registry.record(),
    };
    return { status: 200, body: record };
  });

  const { autoscaler: plan } = config.scenario.gcp;
  const autoscaler = plan && startAutoscaler({ config, plan, clock, group: pool.group });
  publisher.publish();
  return {
    url: api.url,
    oidcRequestUrl: `${api.url}${OIDC_PATH}?api-version=1`,
    oidcRequestToken: oidc.requestToken,
    registryUrl: registry.url,
    controlUrl: control.url,
    async close() {
      clock.stop();
      autoscaler?.stop();
      publisher.stop();
      await Promise.all([api.close(), registry.close(), control.close()]);
    },
  };
}
