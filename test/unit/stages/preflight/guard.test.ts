import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';
import { guard, guardFailure } from '../../../../src/stages/preflight/guard.ts';
import { ROOT } from '../../manifests/files.ts';
import { someInputs } from '../fakes.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'guard-'));
});
afterEach(() => rm(root, { recursive: true }));

const NAMESPACE = 'llm-d-inference-scheduling';
const SERVICE = `apiVersion: serving.kserve.io/v1alpha1
kind: LLMInferenceService
metadata:
  name: qwen
spec:
  model:
    uri: hf://Qwen/Qwen2.5-3B-Instruct
  template:
    containers:
      - name: main
        image: registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5
`;

/** `rule@line` of everything that is refused. */
async function refused(text: string, change: Record<string, string> = {}): Promise<string[]> {
  await writeFile(join(root, 'm.yaml'), text);
  const manifests = await loadManifests({ path: 'm.yaml', root, namespace: NAMESPACE, env: {} });
  return guard(manifests, someInputs(change).guard).map(({ rule, file, line }) => `${rule}@${file}:${line}`);
}

const inTemplate = (lines: string) => `${SERVICE}${lines}`;
const another = (apiVersion: string, kind: string, more = '') =>
  `${SERVICE}---\napiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n  name: x\n${more}`;

describe('what ships with the gate', () => {
  it.each(['pattern1', 'pattern3'])('is taken by default: %s', async (name) => {
    const path = join('manifests', name);
    const manifests = await loadManifests({ path, root: ROOT, namespace: NAMESPACE, env: process.env });
    expect(guard(manifests, someInputs().guard)).toEqual([]);
  });
});

describe('a component that ships with the gate', () => {
  const load = (file: string) =>
    loadManifests({ path: `manifests/components/${file}`, root: ROOT, namespace: NAMESPACE, env: {} });

  it.each([
    'default-deny/networkpolicy.yaml',
    'upstream-kserve/destinationrules-pattern1.yaml',
    'upstream-kserve/destinationrules-pattern3.yaml',
  ])('is taken by default: %s', async (file) => {
    expect(guard(await load(file), someInputs().guard)).toEqual([]);
  });

  it('is taken where its kind and the namespace of the gateway are allowed: envoyfilter', async () => {
    const manifests = await load('envoyfilter/envoyfilter.yaml');
    const inputs = { 'allowed-kinds': 'EnvoyFilter', 'allowed-namespaces': 'opendatahub' };
    expect(guard(manifests, someInputs().guard).map(({ rule }) => rule)).toEqual(['kind']);
    expect(guard(manifests, someInputs(inputs).guard)).toEqual([]);
  });
});

describe('what a pull request may not have applied', () => {
  it('is nothing of a plain service', async () => {
    expect(await refused(SERVICE)).toEqual([]);
  });

  it.each([
    ['a role binding', another('rbac.authorization.k8s.io/v1', 'RoleBinding'), 'kind@m.yaml:14'],
    ['a cluster role', another('rbac.authorization.k8s.io/v1', 'ClusterRole'), 'kind@m.yaml:14'],
    ['a webhook', another('admissionregistration.k8s.io/v1', 'MutatingWebhookConfiguration'), 'kind@m.yaml:14'],
    ['a namespace', another('v1', 'Namespace'), 'kind@m.yaml:14'],
    ['a pod of its own', another('v1', 'Pod'), 'kind@m.yaml:14'],
    ['a kind of the right name and another group', another('evil.io/v1', 'Gadget'), 'kind@m.yaml:14'],
    [
      'another namespace',
      another('networking.k8s.io/v1', 'NetworkPolicy', '  namespace: kube-system\n'),
      'namespace@m.yaml:17',
    ],
    ['the network of the node', inTemplate('    hostNetwork: true\n'), 'host@m.yaml:12'],
    ['its processes', inTemplate('    hostPID: true\n'), 'host@m.yaml:12'],
    ['its shared memory', inTemplate('    hostIPC: true\n'), 'host@m.yaml:12'],
    [
      'its folders',
      inTemplate('    volumes:\n      - name: h\n        hostPath:\n          path: /\n'),
      'host@m.yaml:14',
    ],
    [
      'its ports',
      inTemplate('        ports:\n          - containerPort: 1\n            hostPort: 1\n'),
      'host@m.yaml:14',
    ],
    ['privileges', inTemplate('        securityContext:\n          privileged: true\n'), 'privileged@m.yaml:13'],
    [
      'more of them',
      inTemplate('        securityContext:\n          allowPrivilegeEscalation: true\n'),
      'privileged@m.yaml:13',
    ],
    [
      'capabilities',
      inTemplate('        securityContext:\n          capabilities:\n            add: [SYS_ADMIN]\n'),
      'privileged@m.yaml:14',
    ],
    ['somebody else’s account', inTemplate('    serviceAccountName: deployer\n'), 'service-account@m.yaml:12'],
    [
      'a token',
      inTemplate(
        '    volumes:\n      - name: t\n        projected:\n          sources:\n            - serviceAccountToken:\n                path: t\n',
      ),
      'service-account@m.yaml:16',
    ],
    ['an image from anywhere', SERVICE.replace('registry.redhat.io/rhaiis', 'evil.io/rhaiis'), 'image@m.yaml:11'],
    ['an image of Docker Hub without its name', SERVICE.replace('registry.redhat.io/rhaiis/', ''), 'image@m.yaml:11'],
    [
      'a registry that only begins like one',
      SERVICE.replace('redhat.io/rhaiis/', 'redhat.io/rhaiis-evil/'),
      'image@m.yaml:11',
    ],
    ['a model that is an image', SERVICE.replace('hf://Qwen', 'oci://evil.io/Qwen'), 'image@m.yaml:7'],
    [
      'an image as a volume',
      inTemplate('    volumes:\n      - name: i\n        image:\n          reference: evil.io/i:1\n'),
      'image@m.yaml:15',
    ],
    [
      'a sidecar of its own',
      SERVICE.replace('  name: qwen', '  name: qwen\n  annotations:\n    sidecar.istio.io/proxyImage: evil.io/p:1'),
      'image@m.yaml:6',
    ],
  ])('%s', async (_, text, expected) => {
    expect(await refused(text)).toEqual([expected]);
  });

  it('is nesting of more than 64 levels', async () => {
    // The outermost list is at level 6: spec, router, scheduler, config, inline, deep. The field is an open one.
    const deep = (level: number) =>
      `${SERVICE}  router: {scheduler: {config: {inline: {deep: ${'['.repeat(level - 5)}${']'.repeat(level - 5)}}}}}\n`;
    expect(await refused(deep(64))).toEqual([]);
    expect(await refused(deep(65))).toEqual(['depth@m.yaml:1']);
  });

  it('is looked for in every pod that a service has', async () => {
    const pod = (indent: string) =>
      ['containers:', '  - name: main', '    image: evil.io/x', ''].map((line) => `${indent}${line}`).join('\n');
    const text = `${SERVICE}  worker:\n${pod('    ')}\n  prefill:\n    template:\n${pod('      ')}\n  router:\n    scheduler:\n      template:\n${pod('        ')}\n`;
    expect(await refused(text)).toHaveLength(3);
  });

  it('is told with all the rest, by file, line and rule, and what would widen it', async () => {
    await writeFile(
      join(root, 'm.yaml'),
      inTemplate('    hostNetwork: true\n').replace('registry.redhat.io', 'evil.io'),
    );
    const manifests = await loadManifests({ path: 'm.yaml', root, namespace: NAMESPACE, env: {} });
    const failure = guardFailure(guard(manifests, someInputs().guard));
    expect(failure).toMatchObject({
      code: 'manifest-guard',
      blame: 'change',
      hint: expect.stringContaining('allowed-fields'),
    });
    expect(failure.message).toContain(
      'm.yaml:12: spec.template.hostNetwork puts the pod into a namespace of its node (rule host)',
    );
    expect(failure.message).toContain(
      'm.yaml:11: spec.template.containers.0.image is evil.io/rhaiis/vllm-tpu-rhel9:3.2.5',
    );
  });

  it('is an export where only a cluster writes the fields: the hint says what to remove, and no input is named', async () => {
    const marks = '  uid: 0f5b\n  generation: 3\n  creationTimestamp: "2026-01-01T00:00:00Z"\n';
    const exported = SERVICE.replace('metadata:\n', `metadata:\n${marks}`);
    await writeFile(join(root, 'm.yaml'), `${exported}status: {url: "http://a"}\n`);
    const load = () => loadManifests({ path: 'm.yaml', root, namespace: NAMESPACE, env: {} });
    const failure = guardFailure(guard(await load(), someInputs().guard));
    expect(failure).toMatchObject({ code: 'manifest-exported', hint: expect.stringMatching(/^Remove metadata\.uid/) });
    for (const field of ['metadata.uid', 'metadata.generation', 'metadata.creationTimestamp', 'status']) {
      expect(failure.message).toContain(`${field} may not be set: only the cluster sets it`);
    }
    expect(failure.message).not.toContain('allowed-fields');
    await writeFile(join(root, 'm.yaml'), `${exported}  replicaz: 3\n`);
    expect(guardFailure(guard(await load(), someInputs().guard)).code).toBe('manifest-guard');
  });

  it('is told with what is allowed in its place, and hostile text as one line of ASCII', async () => {
    await writeFile(join(root, 'm.yaml'), inTemplate('    "evil\\n::set-output\\u202e": x\n    os: {arch: y}\n'));
    const manifests = await loadManifests({ path: 'm.yaml', root, namespace: NAMESPACE, env: {} });
    const messages = guard(manifests, someInputs().guard).map(({ message }) => message);
    expect(messages[0]).toMatch(
      /^spec\.template\."evil\\n::set-output\\u202e" may not be set; allowed there are active/,
    );
    expect(messages).toHaveLength(2);
    await writeFile(join(root, 'm.yaml'), `${SERVICE}  replicaz: 3\n`);
    const [typo] = await loadManifests({ path: 'm.yaml', root, namespace: NAMESPACE, env: {} });
    expect(guard(typo ? [typo] : [], someInputs().guard)[0]?.message).toMatch(
      /^spec\.replicaz may not be set, and replicas may; allowed there are annotations,/,
    );
    expect(messages[1]).toBe(
      'spec.template.os.arch may not be set; allowed there are name; "allowed-fields" may add LLMInferenceService:spec.template.os.arch',
    );
  });
});

describe('what a maintainer has widened', () => {
  it.each([
    ['a kind', { 'allowed-kinds': 'LLMInferenceService, Job.batch' }, another('batch/v1', 'Job')],
    [
      'a namespace',
      { 'allowed-namespaces': 'other' },
      another('networking.k8s.io/v1', 'NetworkPolicy', '  namespace: other\n'),
    ],
    ['a registry', { 'allowed-registries': 'evil.io/rhaiis' }, SERVICE.replace('registry.redhat.io', 'evil.io')],
    [
      'a registry with its port',
      { 'allowed-registries': 'localhost:5000' },
      SERVICE.replace('registry.redhat.io', 'localhost:5000'),
    ],
  ])('is %s', async (_, change, text) => {
    expect(await refused(text)).not.toEqual([]);
    expect(await refused(text, change)).toEqual([]);
  });

  it('is a field, of one kind or of every one, with what is below it', async () => {
    const text = inTemplate('    nodeName: n1\n    dnsConfig: {nameservers: [10.0.0.1]}\n');
    expect(await refused(text)).toEqual(['field@m.yaml:12', 'field@m.yaml:13']);
    expect(await refused(text, { 'allowed-fields': 'LLMInferenceService:spec.template.nodeName' })).toEqual([
      'field@m.yaml:13',
    ]);
    const both = 'LLMInferenceService.serving.kserve.io:spec.template.nodeName, spec.template.dnsConfig';
    expect(await refused(text, { 'allowed-fields': both })).toEqual([]);
    expect(await refused(text, { 'allowed-fields': 'NetworkPolicy:spec.template.nodeName' })).toHaveLength(2);
  });

  it('is an object by its kind and name', async () => {
    const text = inTemplate('    imagePullSecrets:\n      - name: another\n');
    expect(await refused(text)).toEqual(['reference@m.yaml:13']);
    expect(await refused(text, { 'allowed-references': 'ConfigMap/another' })).toHaveLength(1);
    expect(await refused(text, { 'allowed-references': 'Secret/another' })).toEqual([]);
  });

  it('is a kind of a group by that group alone', async () => {
    const text = another('evil.io/v1', 'NetworkPolicy');
    expect(await refused(text)).toEqual(['kind@m.yaml:14']);
    expect(await refused(text, { 'allowed-kinds': 'LLMInferenceService, NetworkPolicy.evil.io' })).toEqual([]);
    const plain = another('networking.k8s.io/v1', 'NetworkPolicy');
    expect(await refused(plain, { 'allowed-kinds': 'LLMInferenceService, NetworkPolicy.evil.io' })).toEqual([
      'kind@m.yaml:14',
    ]);
  });

  it('is never a role, nor a privilege', async () => {
    const widened = { 'allowed-kinds': 'LLMInferenceService, RoleBinding', 'allowed-registries': 'evil.io' };
    expect(await refused(another('rbac.authorization.k8s.io/v1', 'RoleBinding'), widened)).toEqual([
      'image@m.yaml:11',
      'kind@m.yaml:14',
    ]);
  });
});
