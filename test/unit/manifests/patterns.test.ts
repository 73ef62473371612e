import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type Json, MANIFESTS, objectsBelow, objectsOf, pattern } from './files.ts';

const service = (name: 'pattern1' | 'pattern3'): Json =>
  pattern(name).find((object) => object.kind === 'LLMInferenceService');
const container = (podSpec: Json): Json => podSpec.containers.find((each: Json) => each.name === 'main');

/** Seconds from the container's start until a probe that never succeeds has failed for good. */
const budget = (probe: Json) => (probe.initialDelaySeconds ?? 0) + probe.periodSeconds * probe.failureThreshold;

describe('the twins', () => {
  it('differ only in name, labels and replicas', () => {
    const [one, three] = (['pattern1', 'pattern3'] as const).map((name) => {
      const text = JSON.stringify(pattern(name)).replaceAll(name, 'pattern');
      return JSON.parse(text) as Json[];
    });
    expect(one?.[0].spec.replicas).toBe(1);
    expect(three?.[0].spec.replicas).toBe(3);
    if (one) one[0].spec.replicas = 3;
    expect(one).toEqual(three);
  });

  it('say the same in their comments', () => {
    for (const { resources } of [objectsOf('pattern3/kustomization.yaml')[0]]) {
      for (const file of ['kustomization.yaml', ...resources]) {
        const [one, three] = ['pattern1', 'pattern3'].map((name) => readFileSync(join(MANIFESTS, name, file), 'utf8'));
        expect(one?.replaceAll('pattern1', 'pattern3').replace('  replicas: 1\n', '  replicas: 3\n')).toBe(three);
      }
    }
  });
});

describe.each(['pattern1', 'pattern3'] as const)('the service of %s', (name) => {
  const { spec, metadata } = service(name);
  const main = container(spec.template);
  const [script] = main.args as [string];

  it('asks for a whole TPU v6e node of four chips', () => {
    expect(main.resources.requests).toEqual({ 'google.com/tpu': '4' });
    expect(main.resources.limits).toEqual(main.resources.requests);
    expect(spec.template.nodeSelector).toEqual({
      'cloud.google.com/gke-tpu-accelerator': 'tpu-v6e-slice',
      'cloud.google.com/gke-tpu-topology': '2x2',
    });
    expect(script).toContain('--tensor-parallel-size=4');
  });

  it('leaves no half of a preset standing: command and args are both there', () => {
    expect(main.command).toEqual(['/bin/bash', '-c']);
    expect(main.args).toHaveLength(1);
    expect(script).toMatch(/^exec python3 /);
    expect(
      script
        .trimEnd()
        .split('\n')
        .slice(0, -1)
        .every((line) => line.endsWith(' \\')),
    ).toBe(true);
  });

  it('serves the id that clients ask for, over TLS, with no flag that newer vLLM refuses', () => {
    expect(script).toContain(`--served-model-name ${spec.model.name} /mnt/models `);
    expect(script).toContain('--ssl-certfile=/var/run/kserve/tls/tls.crt');
    expect(script).toContain('--ssl-keyfile=/var/run/kserve/tls/tls.key');
    expect(script).toContain('--enable-prefix-caching');
    expect(script).not.toMatch(/disable-log-requests|prefix-cache-block-size|block-size/);
  });

  it('gives XLA compilation at least 20 minutes, and asks by HTTPS', () => {
    expect(budget(main.startupProbe)).toBeGreaterThanOrEqual(20 * 60);
    for (const probe of [main.startupProbe, main.readinessProbe, main.livenessProbe]) {
      expect(probe.httpGet).toMatchObject({ port: 8000, scheme: 'HTTPS' });
    }
  });

  it('keeps labels of the service away from the selectors that KServe copies labels to', () => {
    expect(metadata).toEqual({ name: `qwen2-3b-${name}` });
  });

  it('hands its own weights to the endpoint picker, with all args that the preset would lose', () => {
    const args: string[] = container(spec.router.scheduler.template).args;
    for (const flag of ['--pool-name', '--pool-namespace', '--pool-group', '--secure-serving', '--cert-path']) {
      expect(args).toContain(flag);
    }
    expect(args[args.indexOf('--model-server-metrics-scheme') + 1]).toBe('https');
    const config = parse(args[args.indexOf('--config-text') + 1] ?? '');
    const [profile] = config.schedulingProfiles;
    const weights = profile.plugins.map((each: Json) => [each.pluginRef, each.weight]);
    expect(weights).toEqual([
      ['prefix-cache-scorer', 3],
      ['queue-scorer', 2],
      ['max-score-picker', undefined],
    ]);
    const declared = config.plugins.map((each: Json) => each.type);
    for (const [plugin] of weights) expect(declared).toContain(plugin);
  });

  it('holds no template action that KServe would stumble over, outside of the two it expands', () => {
    const actions = JSON.stringify(spec).match(/\{\{.*?\}\}/g);
    expect(actions).toEqual(['{{ ChildName .ObjectMeta.Name `-inference-pool` }}', '{{ .ObjectMeta.Namespace }}']);
  });
});

/** What upstream KServe needs beside a pattern. */
const rulesFor = (name: 'pattern1' | 'pattern3') =>
  objectsBelow('components/upstream-kserve').filter(({ metadata }) => metadata.name?.includes(name));

/** What stacks of a pattern were published with, beside what ships here. */
const published = (name: 'pattern1' | 'pattern3') => [
  `NetworkPolicy allow-gateway-to-epp-scheduler-${name}`,
  `NetworkPolicy allow-istio-control-plane-${name}`,
  `EnvoyFilter inference-pool-route-body-forwarding-${name}`,
];

it('retiring Pattern 3 covers all that pattern3 applies, and nothing of Pattern 1', () => {
  const retired = objectsOf('pattern3/retire.yaml').map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const names = (name: 'pattern1' | 'pattern3') =>
    [...pattern(name), ...rulesFor(name)].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const recorded = ['EnvoyFilter inference-pool-route-body-forwarding', ...published('pattern3')];
  expect(retired.sort()).toEqual([...names('pattern3'), ...recorded].sort());
  expect(names('pattern1').filter((each) => retired.includes(each))).toEqual([]);
});

describe('retiring Pattern 1', () => {
  const retired = objectsOf('pattern1/retire.yaml').map(({ kind, metadata }) => `${kind} ${metadata.name}`);

  it('covers all that pattern1 applies, and what was recorded', () => {
    for (const { kind, metadata } of [...pattern('pattern1'), ...rulesFor('pattern1')]) {
      expect(retired).toContain(`${kind} ${metadata.name}`);
    }
    for (const each of ['EnvoyFilter inference-pool-route-body-forwarding', ...published('pattern1')]) {
      expect(retired).toContain(each);
    }
    for (const name of ['allow-gateway-to-vllm', 'allow-epp-scheduler', 'allow-vllm-egress']) {
      expect(retired).toContain(`NetworkPolicy ${name}`);
    }
  });

  it('touches nothing of Pattern 3 and of the other components', () => {
    const own = rulesFor('pattern1').map(({ metadata }) => metadata.name);
    const others = objectsBelow('components').filter(({ metadata }) => !own.includes(metadata.name));
    const kept = [...pattern('pattern3'), ...others].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(retired.filter((each) => kept.includes(each))).toEqual([]);
  });

  it('keeps the recorded baseline out of the verdict', () => {
    const baseline = JSON.parse(readFileSync(join(MANIFESTS, 'pattern1', 'baseline.json'), 'utf8'));
    expect(baseline.usedForVerdict).toBe(false);
    expect(baseline.provenance).toBe('constants in the runbook; no raw data');
    expect(baseline.figures.map((each: Json) => each.requestsPerSecond)).toEqual([1.89, 7.5]);
  });
});

describe('components', () => {
  it('the EnvoyFilter replaces a route entry completely, for both rules of the pool', () => {
    const [filter] = objectsBelow('components/envoyfilter');
    expect(filter.spec.priority).toBeGreaterThan(0);
    expect(filter.spec.workloadSelector.labels).toEqual({
      'gateway.networking.k8s.io/gateway-name': 'inference-gateway',
    });
    const routes = filter.spec.configPatches.map((patch: Json) => patch.match.routeConfiguration.vhost.route.name);
    expect(routes).toEqual([0, 1].map((index) => `llm-d-inference-scheduling.qwen2-3b-pattern3-kserve-route.${index}`));
    for (const { patch } of filter.spec.configPatches) {
      const { overrides } = patch.value.typed_per_filter_config['envoy.filters.http.ext_proc'];
      expect(overrides).toEqual({
        grpc_service: {
          envoy_grpc: {
            cluster_name: 'outbound|9002||qwen2-3b-pattern3-epp-service.llm-d-inference-scheduling.svc.cluster.local',
          },
        },
        failure_mode_allow: false,
        processing_mode: {
          request_header_mode: 'SEND',
          request_body_mode: 'FULL_DUPLEX_STREAMED',
          request_trailer_mode: 'SEND',
          response_header_mode: 'SEND',
          response_body_mode: 'FULL_DUPLEX_STREAMED',
          response_trailer_mode: 'SEND',
        },
      });
    }
  });

  it.each(['pattern1', 'pattern3'])('DestinationRules of %s name the Services of KServe and of Istio', (name) => {
    const pool = `qwen2-3b-${name}-inference-pool`;
    const hash = createHash('sha256').update(pool).digest('hex').slice(0, 8);
    const rules = objectsOf(`components/upstream-kserve/destinationrules-${name}.yaml`);
    expect(rules.map((rule) => rule.spec.host)).toEqual([
      `qwen2-3b-${name}-epp-service`,
      `${pool}-ip-${hash}`,
      `qwen2-3b-${name}-kserve-workload-svc`,
    ]);
    for (const rule of rules) expect(rule.spec.trafficPolicy.tls).toEqual({ mode: 'SIMPLE', insecureSkipVerify: true });
  });
});
