import { describe, expect, it } from 'vitest';
import { flagValue, vllmCommand } from '../../cluster/command-line.ts';
import { presetsOf } from '../../cluster/kserve-presets.ts';
import { combine } from '../../cluster/kserve-variables.ts';
import { KSERVE_VERSIONS, kserveTraits } from '../../cluster/kserve-versions.ts';
import { childName, covers } from '../../cluster/objects.ts';
import { configTextOf, scorersOf, servesTls } from '../../cluster/picker-config.ts';
import { probeFailure } from '../../cluster/probes.ts';
import { place } from '../../cluster/scheduler.ts';
import { mergePodSpec } from '../../cluster/strategic-merge.ts';
import type { KubeObject } from '../../protocol.ts';

describe('the command line behind a container', () => {
  const bash = ['/bin/bash', '-c'];
  const cases: [string, Parameters<typeof vllmCommand>[0], string[] | null][] = [
    ['direct', { command: ['vllm', 'serve', 'm'], args: ['--port=1'] }, ['vllm', 'serve', 'm', '--port=1']],
    [
      'a script with exec',
      { command: bash, args: ['set -e\nexec vllm serve m \\\n  --port 1\n'] },
      ['vllm', 'serve', 'm', '--port', '1'],
    ],
    [
      'quotes',
      { command: bash, args: [`vllm serve m --name 'a b' --x="c d"`] },
      ['vllm', 'serve', 'm', '--name', 'a b', '--x=c d'],
    ],
    [
      'variables',
      {
        command: bash,
        args: ['vllm serve $' + '{M:-dflt} $EXTRA "$EXTRA"'],
        env: [{ name: 'EXTRA', value: '--a --b' }],
      },
      ['vllm', 'serve', 'dflt', '--a', '--b', '--a --b'],
    ],
    ['eval', { command: bash, args: ['eval "vllm serve m --port 8000"'] }, ['vllm', 'serve', 'm', '--port', '8000']],
    [
      'arguments of the script',
      { command: [...bash, 'vllm serve m "$@"', '--'], args: ['--a', '--b c'] },
      ['vllm', 'serve', 'm', '--a', '--b c'],
    ],
    [
      'a comment and other commands',
      { command: bash, args: ['# vllm serve no\necho hi; vllm serve m'] },
      ['vllm', 'serve', 'm'],
    ],
    ['something else', { command: ['sleep', '1'] }, null],
  ];
  it.each(cases)('%s', (_name, container, expected) => {
    expect(vllmCommand(container)).toEqual(expected);
  });

  it.each(KSERVE_VERSIONS)('is a server with TLS for the preset, as KServe %s writes it', (version) => {
    const service = {
      metadata: { name: 'svc', namespace: 'ns' },
      spec: { model: { name: 'Qwen/Qwen', uri: 'hf://q' } },
    };
    const preset = presetsOf(kserveTraits(version)).workload(service as unknown as KubeObject);
    const [main] = preset.containers as Parameters<typeof vllmCommand>[0][];
    const words = vllmCommand(main!) ?? [];
    expect(words.slice(0, 3)).toEqual(['vllm', 'serve', '/mnt/models']);
    expect(flagValue(words, '--served-model-name')).toBe('Qwen/Qwen');
    expect(flagValue(words, '--ssl-certfile')).toBe('/var/run/kserve/tls/tls.crt');
  });

  it('takes the last of a repeated flag', () => {
    expect(flagValue(['--a=1', '--a', '2'], '--a')).toBe('2');
  });
});

describe('presets and the user’s part', () => {
  it('merges containers, environment and probes by key and replaces other lists', () => {
    const preset = {
      containers: [
        { name: 'main', args: ['a'], env: [{ name: 'A', value: '1' }], livenessProbe: { periodSeconds: 10 } },
      ],
      tolerations: [{ key: 'x' }],
    };
    const user = {
      containers: [
        { name: 'main', args: ['b'], env: [{ name: 'B', value: '2' }], livenessProbe: { timeoutSeconds: 5 } },
      ],
      tolerations: [{ key: 'y' }],
    };
    expect(mergePodSpec(preset, user)).toEqual({
      containers: [
        {
          name: 'main',
          args: ['b'],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
          livenessProbe: { periodSeconds: 10, timeoutSeconds: 5 },
        },
      ],
      tolerations: [{ key: 'y' }],
    });
  });

  const service = (text: string): KubeObject => ({
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    metadata: { name: 'svc', namespace: 'ns' },
    spec: { model: { uri: text, name: 'm' } },
  });
  const uriOf = (text: string) => {
    const combined = combine(service(text), { namespace: 'g', name: 'gw' }, kserveTraits());
    return 'error' in combined ? combined.error : combined.service.spec.model.uri;
  };
  it('fills in the expressions that KServe’s presets use, and names one that it does not know', () => {
    expect(uriOf('{{ ChildName .ObjectMeta.Name `-epp` }}/{{ .ObjectMeta.Namespace }}/{{.Spec.Model.Name}}')).toBe(
      'svc-epp/ns/m',
    );
    expect(uriOf('{{ .Nope }}')).toContain('{{ .Nope }} is not known');
  });

  it('shortens child names to 63 characters', () => {
    expect(childName('a', '-b')).toBe('a-b');
    expect(childName('x'.repeat(60), '-kserve')).toHaveLength(63);
    expect(childName('x'.repeat(60), '-kserve')).toMatch(/^x{24}[0-9a-f]{32}-kserve$/);
  });

  it('sees what is missing, not what others added', () => {
    expect(covers({ a: [{ b: 1 }] }, { a: [{ b: 1, c: 2 }], d: 3 })).toBe(true);
    expect(covers({ a: [{ b: 1 }] }, { a: [{ b: 1 }, { b: 2 }] })).toBe(false);
    expect(covers({ a: 1 }, undefined)).toBe(false);
  });
});

describe('the picker’s configuration', () => {
  it('is found by every spelling of its flag', () => {
    for (const args of [['--config-text', 'x'], ['--configText=x'], ['-config-text', 'x']]) {
      expect(configTextOf(args)).toBe('x');
    }
  });

  it('serves TLS unless its flag says otherwise', () => {
    for (const words of [[], ['--secure-serving'], ['-secure-serving=true']]) expect(servesTls(words)).toBe(true);
    for (const word of ['--secure-serving=false', '-secureServing=false']) expect(servesTls([word])).toBe(false);
  });

  it('gives scorers by type with their weights; pickers and handlers are none', () => {
    const text = `
plugins:
- {type: prefix-cache-scorer, name: cache}
- {type: queue-scorer}
- {type: max-score-picker}
schedulingProfiles:
- name: default
  plugins:
  - {pluginRef: cache, weight: 3}
  - {pluginRef: queue-scorer}
  - {pluginRef: max-score-picker}`;
    expect(scorersOf(text)).toEqual([
      { name: 'prefix-cache-scorer', weight: 3 },
      { name: 'queue-scorer', weight: 1 },
    ]);
    expect(() => scorersOf('plugins: []')).toThrow('no scheduling profile');
    expect(() => scorersOf('schedulingProfiles: [{name: a, plugins: [{pluginRef: b}]}]')).toThrow("'b'");
  });
});

describe('the scheduler', () => {
  const node = (name: string, chips: string | null, extra: Record<string, unknown> = {}): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { tpu: chips === null ? 'no' : 'yes' } },
    spec: {
      taints: chips === null ? [] : [{ key: 'google.com/tpu', value: 'present', effect: 'NoSchedule' }],
      ...extra,
    },
    status: { allocatable: { cpu: '8', memory: '32Gi', ...(chips === null ? {} : { 'google.com/tpu': chips }) } },
  });
  const pod = (name: string, nodeName?: string): KubeObject => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns' },
    spec: {
      ...(nodeName ? { nodeName } : {}),
      tolerations: [{ key: 'google.com/tpu', operator: 'Equal', value: 'present', effect: 'NoSchedule' }],
      containers: [{ name: 'main', resources: { limits: { 'google.com/tpu': '4' } } }],
    },
  });

  it('puts one TPU pod on each node', () => {
    const nodes = [node('a', '4'), node('b', '4')];
    expect(place(pod('p'), nodes, [])).toEqual({ node: 'a' });
    expect(place(pod('p'), nodes, [pod('q', 'a')])).toEqual({ node: 'b' });
    expect(place(pod('p'), [node('a', '4')], [pod('q', 'a')])).toEqual({
      message:
        '0/1 nodes are available: 1 Insufficient google.com/tpu. preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.',
    });
  });

  it('words every other reason as kube-scheduler does', () => {
    const intolerant = pod('p');
    intolerant.spec.tolerations = [];
    const messages = (one: KubeObject, ...nodes: KubeObject[]) =>
      (place(one, nodes, []) as { message: string }).message;
    expect(messages(intolerant, node('a', '4'))).toContain('1 node(s) had untolerated taint {google.com/tpu: present}');
    expect(messages(pod('p'), node('a', '4', { unschedulable: true }))).toContain('1 node(s) were unschedulable');
    const picky = pod('p');
    picky.spec.nodeSelector = { tpu: 'yes' };
    expect(messages(picky, node('c', null))).toContain("1 node(s) didn't match Pod's node affinity/selector");
    expect(messages(pod('p'))).toBe('no nodes available to schedule pods');
  });
});

describe('a probe', () => {
  const get = (scheme: string, port: number | string = 8000, path = '/health') => ({ httpGet: { path, port, scheme } });
  const container = { name: 'main', image: 'x', ports: [{ name: 'https', containerPort: 8000 }] };
  const ask = (probe: ReturnType<typeof get>, listener: { port: number; tls: boolean } | null) =>
    probeFailure(container, probe, '10.8.0.4', listener);
  const tls = { port: 8000, tls: true };

  it('fails in the kubelet’s words', () => {
    expect(ask(get('HTTPS'), tls)).toBeNull();
    expect(ask(get('HTTPS', 'https'), tls)).toBeNull();
    expect(ask(get('HTTP'), tls)).toBe('Get "http://10.8.0.4:8000/health": EOF');
    expect(ask(get('HTTPS'), { port: 8000, tls: false })).toContain('server gave HTTP response to HTTPS client');
    expect(ask(get('HTTPS', 9000), tls)).toContain('connect: connection refused');
    expect(ask(get('HTTPS'), null)).toContain('connect: connection refused');
    expect(ask(get('HTTPS', 8000, '/nope'), tls)).toBe('HTTP probe failed with statuscode: 404');
  });
});
