import { describe, expect, it } from 'vitest';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkPeerAuthentication } from '../../../../src/stages/preflight/peer-authentication.ts';
import type { AnyObject } from '../../../any-object.ts';
import { objectsBelow, pattern } from '../../manifests/files.ts';

const NAMESPACE = 'llm-d-inference-scheduling';

function policy(namespace: string, mode: string | null, change: { selector?: object; ports?: object } = {}): AnyObject {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace },
    spec: {
      ...(mode === null ? {} : { mtls: { mode } }),
      ...(change.selector ? { selector: { matchLabels: change.selector } } : {}),
      ...(change.ports ? { portLevelMtls: change.ports } : {}),
    },
  };
}

interface Given {
  policies?: AnyObject[];
  /** Labels of the namespace; null where it may not be read. */
  labels?: Record<string, string> | null;
  /** Namespaces whose policies may not be listed. */
  hidden?: string[];
  edit?: (text: string) => string;
  /** Objects of the manifests beside the stack. */
  beside?: AnyObject[];
  /** Is given the namespaces whose policies are listed. */
  asked?: string[];
}

const INJECTED = { 'istio-injection': 'enabled' };
const forbidden = () => new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });

function check({ policies = [], labels = INJECTED, hidden = [], edit = (text) => text, beside = [], asked }: Given) {
  const kube = {
    versionsOf: async () => ['v1'],
    get: async () => {
      if (labels === null) throw forbidden();
      return { metadata: { name: NAMESPACE, labels } };
    },
    list: async (_version: string, _kind: string, { namespace = '' }: { namespace?: string } = {}) => {
      asked?.push(namespace);
      if (hidden.includes(namespace)) throw forbidden();
      return policies.filter(({ metadata }) => metadata.namespace === namespace);
    },
  } as unknown as KubeClient;
  const own: AnyObject[] = pattern('pattern3').map((object) => JSON.parse(edit(JSON.stringify(object))));
  const manifests = [...own, ...beside].map((object) => ({
    object: { ...object, metadata: { namespace: NAMESPACE, ...object.metadata } },
    file: 'service.yaml',
    line: 1,
  }));
  const service = { apiVersion: 'x/v1', name: 'qwen2-3b-pattern3', namespace: NAMESPACE, replicas: 3 };
  const controllers = { found: [], hidden: [] };
  return checkPeerAuthentication(kube, { service, manifests, gateway: null, controllers });
}

const MESH = 'istio-system';
const REPLICAS = { 'kserve.io/component': 'workload' };
const BOTH = { 'app.kubernetes.io/name': 'qwen2-3b-pattern3' };
const toHttp = (text: string) =>
  text
    .replace(/ \\\\\\n\s*--ssl-(?:certfile|keyfile)=\S+?(?= |\\n|")/g, '')
    .replace('"--secure-serving"', '"--secure-serving=false"');

describe('mTLS that is STRICT', () => {
  it.each<[string, Given]>([
    ['in the whole mesh', { policies: [policy(MESH, 'STRICT')] }],
    [
      'in the namespace, over a permissive mesh',
      { policies: [policy(MESH, 'PERMISSIVE'), policy(NAMESPACE, 'STRICT')] },
    ],
    ['for the replicas', { policies: [policy(NAMESPACE, 'STRICT', { selector: REPLICAS })] }],
    [
      'at the port of the picker',
      { policies: [policy(NAMESPACE, null, { selector: BOTH, ports: { 9002: { mode: 'STRICT' } } })] },
    ],
    ['in the ambient mesh', { policies: [policy(MESH, 'STRICT')], labels: { 'istio.io/dataplane-mode': 'ambient' } }],
    [
      'for a namespace whose own policy leaves it UNSET',
      { policies: [policy(MESH, 'STRICT'), policy(NAMESPACE, 'UNSET')] },
    ],
  ])('is refused where pods in the mesh serve TLS: %s', async (_, given) => {
    await expect(check(given)).rejects.toMatchObject({
      code: 'mtls-strict',
      message: expect.stringMatching(
        /^PeerAuthentication \S+\/default sets mTLS STRICT, pods of .* serve TLS of their own/,
      ),
    });
  });

  it.each<[string, Given, RegExp]>([
    [
      'for pods outside of the mesh',
      { policies: [policy(MESH, 'STRICT')], labels: {} },
      /not in the mesh, so none applies/,
    ],
    [
      'where the namespace is permissive',
      { policies: [policy(MESH, 'STRICT'), policy(NAMESPACE, 'PERMISSIVE')] },
      /^PERMISSIVE/,
    ],
    [
      'where the ports are exempt',
      {
        policies: [
          policy(MESH, 'STRICT'),
          policy(NAMESPACE, 'STRICT', {
            selector: BOTH,
            ports: { 8000: { mode: 'PERMISSIVE' }, 9002: { mode: 'DISABLE' } },
          }),
        ],
      },
      /^DISABLE at the endpoint picker \(port 9002\).*; PERMISSIVE at vLLM \(port 8000\)/,
    ],
    ['of another workload', { policies: [policy(NAMESPACE, 'STRICT', { selector: { app: 'other' } })] }, /^PERMISSIVE/],
    [
      'where the pods serve plain HTTP, which the mesh encrypts',
      { policies: [policy(MESH, 'STRICT')], edit: toHttp },
      /^STRICT/,
    ],
    ['where there is none', {}, /^PERMISSIVE at the endpoint picker/],
  ])('passes %s', async (_, given, seen) => {
    expect(await check(given)).toEqual({ seen: expect.stringMatching(seen) });
  });

  it.each<[string, Given, RegExp]>([
    [
      'whether the pods are in the mesh',
      { policies: [policy(MESH, 'STRICT')], labels: null },
      /in the mesh is not known$/,
    ],
    ['what the mesh has', { hidden: [MESH] }, /^PeerAuthentications of istio-system may not be listed/],
  ])('is not checked where it cannot be read %s', async (_, given, seen) => {
    expect(await check(given)).toMatchObject({ outcome: 'not-checked', seen: expect.stringMatching(seen) });
  });
});

it('asks for no policy while the pods are not in the mesh, by their namespace or by a label of their own', async () => {
  const asked: string[] = [];
  const given = { policies: [policy(MESH, 'STRICT')], asked };
  const edit = (text: string) =>
    text.replace('"replicas":3', '"replicas":3,"labels":{"sidecar.istio.io/inject":"false"}');
  const seen = { seen: `pods of ${NAMESPACE} are not in the mesh, so none applies` };
  expect([await check({ ...given, labels: {} }), await check({ ...given, edit })]).toEqual([seen, seen]);
  expect(asked).toEqual([]);
  await expect(check(given)).rejects.toMatchObject({ code: 'mtls-strict' });
  expect(asked).toEqual([NAMESPACE, MESH]);
});

describe('the component strict-mtls', () => {
  const named = (component: string): AnyObject[] =>
    JSON.parse(JSON.stringify(objectsBelow(`components/${component}`)).replaceAll('"any"', '"qwen2-3b-pattern3"')).map(
      (object: AnyObject) => ({ ...object, metadata: { namespace: NAMESPACE, ...object.metadata } }),
    );

  it.each(['monitoring', 'monitoring-operator'])(
    'lets the gateway and the scrapes of %s through',
    async (monitoring) => {
      const look = await check({ beside: [...named('strict-mtls'), ...named(monitoring)] });
      expect(look.outcome).toBeUndefined();
      expect(look.seen).toBe(
        `PERMISSIVE at the endpoint picker (port 9002), by ${NAMESPACE}/strict-mtls-picker; PERMISSIVE at vLLM (port 8000), by ${NAMESPACE}/strict-mtls-vllm`,
      );
    },
  );

  it("has a warning where the exception for the picker's metrics is gone and something scrapes them", async () => {
    const stricter = named('strict-mtls').map((object) =>
      JSON.parse(JSON.stringify(object).replace(',"9090":{"mode":"PERMISSIVE"}', '')),
    );
    const look = await check({ beside: [...stricter, ...named('monitoring')] });
    expect(look).toMatchObject({ outcome: 'warning', remedy: expect.stringContaining('9090') });
    expect(look.seen).toContain('refuses the scrapes of PodMonitoring endpoint-picker');
    expect((await check({ beside: stricter })).outcome).toBeUndefined();
  });

  it('refuses the gateway without its exceptions', async () => {
    const [namespaceWide] = named('strict-mtls');
    await expect(check({ beside: [namespaceWide!] })).rejects.toMatchObject({ code: 'mtls-strict', blame: 'change' });
  });
});
