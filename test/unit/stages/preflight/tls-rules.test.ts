import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { KubeClient } from '../../../../src/clients/kubernetes/client.ts';
import type { OwnedRef } from '../../../../src/clients/kubernetes/objects.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import type { Controllers, Flavour } from '../../../../src/stack/controllers.ts';
import { checkTls } from '../../../../src/stages/preflight/tls-rules.ts';
import { withoutGoing } from '../../../../src/stages/preflight/without-going.ts';
import type { AnyObject } from '../../../any-object.ts';
import { objectsBelow, pattern } from '../../manifests/files.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const SHIPPED = objectsBelow('components/upstream-kserve').filter(({ kind }) => kind === 'DestinationRule');
const UPSTREAM = controllers('docker.io/kserve/llmisvc-controller:v0.20.0', 'upstream');

function controllers(image: string, flavour: Flavour): Controllers {
  return { found: [{ namespace: 'kserve', image, flavour, actsOnServices: true }], hidden: [] };
}

function asManifest(object: AnyObject): Manifest {
  const placed = { ...object, metadata: { namespace: NAMESPACE, ...object.metadata } };
  return { object: placed, file: 'rules.yaml', line: 1 };
}

function rule(name: string, host: string, change: Record<string, unknown> = {}, metadata = {}): AnyObject {
  return {
    apiVersion: 'networking.istio.io/v1',
    kind: 'DestinationRule',
    metadata: { name, namespace: NAMESPACE, ...metadata },
    spec: { host, trafficPolicy: { tls: { mode: 'SIMPLE' } }, ...change },
  };
}

interface Given {
  name?: 'pattern1' | 'pattern3';
  /** Changes Pattern 3 as JSON. */
  edit?: (text: string) => string;
  /** DestinationRules in the namespace. */
  there?: AnyObject[] | null | 'forbidden' | 'unreachable';
  comes?: AnyObject[];
  /** Objects that are deleted before the deploy. */
  going?: OwnedRef[];
  controllers?: Controllers;
}

function check({ name = 'pattern3', edit = (text) => text, there = [], comes = [], going = [], ...given }: Given) {
  const kube = {
    get: async () => ({ spec: { gatewayClassName: 'istio' } }),
    list: async () => {
      if (there === 'forbidden') {
        throw new Failure({ stage: 'preflight', code: 'kube-permission', message: 'forbidden' });
      }
      if (there === 'unreachable') throw new Error('the list was asked for');
      return there;
    },
  } as unknown as KubeClient;
  const own: AnyObject[] = pattern(name).map((object) => JSON.parse(edit(JSON.stringify(object))));
  return checkTls(
    { kube, later: withoutGoing(kube, going, NAMESPACE) },
    {
      service: {
        apiVersion: 'serving.kserve.io/v1alpha1',
        name: `qwen2-3b-${name}`,
        namespace: NAMESPACE,
        replicas: 3,
      },
      manifests: [...own, ...comes].map(asManifest),
      gateway: { namespace: 'opendatahub', name: 'inference-gateway' },
      controllers: given.controllers ?? UPSTREAM,
    },
  );
}

const names = (manifests: Manifest[]) => manifests.map(({ object }) => object.metadata.name);
const ALL = ['qwen2-3b-pattern3-epp', 'qwen2-3b-pattern3-pool', 'qwen2-3b-pattern3-workload'];
const toHttp = (text: string) => text.replace(/ \\\\\\n\s*--ssl-(?:certfile|keyfile)=\S+?(?= |\\n|")/g, '');

describe('on upstream KServe', () => {
  it.each(['pattern1', 'pattern3'] as const)('%s gets the rules of the component that nobody brings', async (name) => {
    const { value, seen, outcome } = await check({ name });
    const shipped = SHIPPED.filter(({ metadata }) => metadata.name.includes(name));
    expect(value.map(({ object }) => [object.metadata.name, object.spec])).toEqual(
      shipped.map(({ metadata, spec }) => [metadata.name, spec]),
    );
    expect(value.every(({ object }) => object.metadata.namespace === NAMESPACE)).toBe(true);
    expect(outcome).toBeUndefined();
    expect(seen).toMatch(/^3 DestinationRules are added, which upstream KServe does not write: qwen2-3b-/);
  });

  it('nothing is added to the component, or to rules that an administrator has made', async () => {
    const own = SHIPPED.filter(({ metadata }) => metadata.name.includes('pattern3'));
    expect(names((await check({ comes: own })).value)).toEqual([]);
    const theirs = own.map(({ spec }, index) => rule(`theirs-${index}`, spec.host));
    expect(names((await check({ there: theirs })).value)).toEqual([]);
    const wide = rule('all', `*.${NAMESPACE}.svc.cluster.local`);
    expect(names((await check({ there: [wide] })).value)).toEqual([]);
    const full = rule('full', `qwen2-3b-pattern3-epp-service.${NAMESPACE}.svc.cluster.local`);
    expect(names((await check({ there: [full] })).value)).toEqual(ALL.slice(1));
  });

  it('a rule that the gateway does not see, that goes, or that a wildcard has without TLS, does not count', async () => {
    const epp = 'qwen2-3b-pattern3-epp-service';
    const owner = [{ kind: 'LLMInferenceService', name: 'qwen2-3b-pattern1', uid: 'u' }];
    for (const there of [
      rule('hidden', epp, { exportTo: ['.'] }),
      rule('some', epp, { workloadSelector: { matchLabels: { app: 'x' } } }),
      rule('goes', epp, {}, { ownerReferences: owner }),
      rule('earlier', epp, {}, { labels: { 'app.kubernetes.io/managed-by': 'tpu-serving-gate' } }),
      rule('plain', '*', { trafficPolicy: {} }),
      rule('mesh', '*', { trafficPolicy: { tls: { mode: 'ISTIO_MUTUAL' } } }),
    ]) {
      expect([there.metadata.name, names((await check({ there: [there] })).value)]).toEqual([there.metadata.name, ALL]);
    }
  });

  it('a rule that turns TLS off for a Service is refused, since a second one would not count', async () => {
    const off = rule('off', 'qwen2-3b-pattern3-epp-service', { trafficPolicy: { tls: { mode: 'DISABLE' } } });
    await expect(check({ there: [off] })).rejects.toMatchObject({
      code: 'tls-rule',
      blame: 'cluster',
      message: `DestinationRule off in ${NAMESPACE} sets no TLS for qwen2-3b-pattern3-epp-service, and the endpoint picker serves TLS: every request would end in 500.`,
    });
    await expect(check({ comes: [off] })).rejects.toMatchObject({ blame: 'change' });
  });

  it('a rule that is deleted before the deploy counts neither for nor against the pods', async () => {
    const epp = 'qwen2-3b-pattern3-epp-service';
    const going = [{ apiVersion: 'networking.istio.io/v1beta1', kind: 'DestinationRule', name: 'theirs' }];
    expect(names((await check({ there: [rule('theirs', epp)], going })).value)).toEqual(ALL);
    const off = rule('theirs', epp, { trafficPolicy: { tls: { mode: 'DISABLE' } } });
    expect(names((await check({ there: [off], going })).value)).toEqual(ALL);
  });

  it.each<[string, null | 'forbidden', string, string]>([
    ['the cluster does not know the kind', null, 'tls-rule', "Install Istio's definitions"],
    ['rules may not be listed', 'forbidden', 'kube-permission', 'manifests/rbac/serving.yaml'],
  ])('is refused before the lease when %s', async (_, there, code, hint) => {
    await expect(check({ there })).rejects.toMatchObject({
      code,
      message: expect.stringContaining('end in 500 or 503'),
      hint: expect.stringContaining(hint),
    });
  });

  it('replicas of plain HTTP need the rule of the endpoint picker alone, and none when that is plain too', async () => {
    expect(names((await check({ edit: toHttp })).value)).toEqual(ALL.slice(0, 1));
    const plain = (text: string) => toHttp(text).replace('"--secure-serving"', '"--secure-serving=false"');
    expect(await check({ edit: plain })).toEqual({ value: [], seen: 'the pods serve plain HTTP' });
  });

  it('what a preset of vLLM decides is not guessed from v0.18 on', async () => {
    const edit = (text: string) => text.replace('"name":"main","image":"registry', '"name":"other","image":"registry');
    const { value, outcome, seen } = await check({ edit });
    expect([names(value), outcome]).toEqual([ALL.slice(0, 1), 'not-checked']);
    expect(seen).toContain('whether vLLM serves TLS is left to a preset of KServe');
    const old = controllers('kserve/llmisvc-controller:v0.17.1', 'upstream');
    expect(await check({ edit, controllers: old })).not.toHaveProperty('outcome');
  });

  it('a long name is hashed as KServe and Istio do it', async () => {
    const long = `q${'x'.repeat(55)}`;
    const { value } = await check({ edit: (text) => text.replaceAll('qwen2-3b-pattern3', long) });
    for (const { object } of value) {
      const { host } = object.spec as { host: string };
      expect(host.length).toBeLessThanOrEqual(63);
      expect(host).toMatch(/-epp-service$|-ip-[0-9a-f]{8}$|-kserve-workload-svc$/);
    }
  });
});

describe('a rule with TLS before a server without it', () => {
  const own = SHIPPED.filter(({ metadata }) => metadata.name === 'qwen2-3b-pattern3-workload');

  it('is refused, whoever brings it', async () => {
    await expect(check({ edit: toHttp, comes: own })).rejects.toMatchObject({
      code: 'tls-plain-server',
      blame: 'change',
      message: expect.stringContaining('qwen2-3b-pattern3-kserve-workload-svc (qwen2-3b-pattern3-workload in'),
    });
    const wide = rule('all', `*.${NAMESPACE}.svc.cluster.local`);
    await expect(check({ edit: toHttp, there: [wide] })).rejects.toMatchObject({
      code: 'tls-plain-server',
      blame: 'cluster',
    });
    const plain = (text: string) => text.replace('"--secure-serving"', '"--secure-serving=false"');
    const epp = SHIPPED.filter(({ metadata }) => metadata.name === 'qwen2-3b-pattern3-epp');
    await expect(check({ edit: plain, comes: epp })).rejects.toMatchObject({
      message: expect.stringContaining('the endpoint picker serves plain HTTP: every request would end in 500'),
    });
  });

  it('is refused on ODH v0.15, which writes it whatever the flags are, and not on a later one', async () => {
    const odh = (tag: string) => controllers(`quay.io/opendatahub/kserve-controller:${tag}`, 'odh');
    await expect(check({ edit: toHttp, controllers: odh('v0.15-latest') })).rejects.toMatchObject({
      code: 'tls-plain-server',
      message: expect.stringContaining('KServe ODH v0.15 writes one'),
    });
    expect(await check({ edit: toHttp, controllers: odh('v0.17') })).not.toHaveProperty('outcome');
  });
});

describe('on another KServe', () => {
  it('nothing is added on that of Open Data Hub, which writes the rules', async () => {
    const odh = controllers('quay.io/opendatahub/kserve-controller:v0.15-latest', 'odh');
    const written = { value: [], seen: 'KServe of Open Data Hub writes the DestinationRules' };
    expect(await check({ controllers: odh })).toEqual(written);
    // Whatever is there changes nothing, so nobody asks for it.
    const full = rule('theirs', '*', { trafficPolicy: { tls: { mode: 'DISABLE' } } });
    const any: Required<Given>['there'][] = [[full], null, 'forbidden', 'unreachable'];
    for (const there of any) expect(await check({ controllers: odh, there })).toEqual(written);
  });

  it('one that may not be read is not called upstream', async () => {
    const hidden = { found: [], hidden: ['opendatahub', 'kserve'] };
    const { value, outcome, seen, remedy } = await check({ controllers: hidden });
    expect([value, outcome]).toEqual([[], 'not-checked']);
    expect(seen).toContain('is not observable: Deployments of opendatahub, kserve may not be listed');
    expect(remedy).toContain('manifests/rbac/evidence.yaml');
    const owner = [{ kind: 'LLMInferenceService', name: 'qwen2-3b-pattern1', uid: 'u' }];
    const written = rule('p1', 'x', {}, { ownerReferences: owner });
    expect(await check({ controllers: hidden, there: [written] })).not.toHaveProperty('outcome');
    const going = owner.map((ref) => ({ apiVersion: 'serving.kserve.io/v1alpha1', ...ref }));
    expect(await check({ controllers: hidden, there: [written], going })).not.toHaveProperty('outcome');
  });

  it('one whose build is not known is named', async () => {
    const custom = controllers('corp.example/serving/llm:7', 'unknown');
    expect(await check({ controllers: custom })).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('the controller is corp.example/serving/llm:7 in kserve'),
    });
  });
});
