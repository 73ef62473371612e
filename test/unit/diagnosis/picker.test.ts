import { describe, expect, it } from 'vitest';
import type { ClusterEvidence, Evidence } from '../../../src/diagnosis/evidence.ts';
import { explain } from '../../../src/diagnosis/explain.ts';
import { Failure } from '../../../src/lib/failure.ts';
import type { Check } from '../../../src/report/model.ts';
import { checkCacheHits, checkPicker } from '../../../src/verdict/routing.ts';
import { checks } from '../report/fixtures.ts';
import { aContainer, aPod, crashed } from './evidence.ts';
import {
  BROKEN_OFF,
  misrouted,
  NEVER,
  NO_HITS,
  REFUSED,
  ruleOf,
  SPREAD,
  TIMED_OUT,
  unasked,
} from './routing-evidence.ts';

const CRASHED = { pods: [aPod('replica'), aPod('endpoint-picker', [crashed('panic: nil')])] };
const UNREADY = { pods: [aPod('replica'), aPod('endpoint-picker', [aContainer({ ready: false })])] };
const PLAIN = 'epp --pool-name p --secure-serving=false';
const plainPicker = { pods: [aPod('replica'), aPod('endpoint-picker', [aContainer({ command: PLAIN })])] };
const EPP = 'qwen2-3b-pattern3-epp-service';
const POOL = 'qwen2-3b-pattern3-inference-pool-ip-6a587483';
const WORKLOAD = 'qwen2-3b-pattern3-kserve-workload-svc';

/** As verify would judge what the routing evidence holds. */
function judged(evidence: Evidence, change: Partial<Record<Check['id'], Partial<Check>>> = {}): Evidence {
  const { checks: given, routing } = evidence.report;
  const engaged = checkPicker(routing?.pickerHeader ?? null, routing?.gateway ?? null, 310);
  const own = Object.fromEntries(given.map((check) => [check.id, check]));
  return {
    ...evidence,
    report: { ...evidence.report, checks: checks({ ...own, 'picker-engaged': engaged, ...change }) },
  };
}

/** Requests that Envoy has spread itself, with what it counted for the picker. */
function spread(picker: typeof NEVER | null, cluster: Partial<ClusterEvidence> = {}): Evidence {
  const evidence = misrouted(SPREAD, cluster);
  if (evidence.report.routing?.gateway) evidence.report.routing.gateway.picker = picker;
  return judged(evidence);
}

const causeOf = (evidence: Evidence) => explain(evidence)?.cause;

describe('a picker that is dead while its address is listed', () => {
  it('is down, by its pod, although no routing check but one could be observed', () => {
    const found = explain(judged(unasked(REFUSED, CRASHED)));
    expect(found).toMatchObject({ cause: 'picker.down', confidence: 'proven' });
    expect(found?.explanation).toContain('completions fail with HTTP 500');
    expect(found?.explanation).not.toContain('round-robin');
    // Envoy has other statuses for it, such as 504 after a time limit.
    expect(explain(judged(unasked(REFUSED, CRASHED, 'HTTP 504')))?.explanation).toContain('HTTP 504');
    const seen = found?.evidence.join('\n');
    for (const part of ['not Ready; main waiting (CrashLoopBackOff)', 'panic: nil', 'Completion: HTTP 500']) {
      expect(seen).toContain(part);
    }
  });

  it('is not taken for a cache that does not hit', () => {
    const noHits = checkCacheHits({ measured: 0, aware: 0.74, random: 0.48 });
    expect(noHits.outcome).toBe('fail');
    expect(causeOf(judged(unasked(REFUSED, CRASHED), { 'cache-hits': noHits }))).toBe('picker.down');
    expect(causeOf(judged(unasked(REFUSED), { 'cache-hits': noHits }))).toBe('picker.unreachable');
  });

  it('is down when it runs again and has restarted since the stack was Ready', () => {
    const pod = aPod('endpoint-picker', [
      aContainer({ restarts: 4, last: { reason: 'Error', exitCode: 137, message: '' } }),
    ]);
    const at = (restarts: number) => {
      const evidence = judged(unasked(REFUSED, { pods: [aPod('replica'), pod] }));
      const [one] = evidence.report.pods;
      evidence.report.pods = [{ ...one!, name: pod.name, role: 'endpoint-picker', restarts }];
      return evidence;
    };
    expect(causeOf(at(1))).toBe('picker.down');
    expect(explain(at(1))?.evidence.join('\n')).toContain('4 restarts, last exit 137 (Error)');
    expect(causeOf(at(4))).toBe('picker.unreachable');
  });

  it('is found by the empty 500 alone where no counters could be read', () => {
    const blind = (cluster: Partial<ClusterEvidence>) => {
      const evidence = unasked(null, cluster);
      if (evidence.report.routing?.gateway) evidence.report.routing.gateway.problem = 'forbidden';
      return judged(evidence);
    };
    expect(causeOf(blind(CRASHED))).toBe('picker.down');
    expect(causeOf(blind({}))).toBe('picker.unreachable');
    expect(causeOf(judged(unasked(null, CRASHED, 'HTTP 500: {"error":"out of memory"}')))).not.toMatch(/^picker/);
  });

  it('is found where the run ended in verify before it looked at routing', () => {
    const failure = new Failure({
      stage: 'verify',
      code: 'no-answer',
      message: 'no completion',
      hint: '',
      blame: 'change',
    });
    const evidence = unasked(null, CRASHED);
    const { checks: all } = evidence.report;
    const report = {
      ...evidence.report,
      routing: null,
      checks: all.filter(({ id }) => /models|completion|chat/.test(id)),
    };
    expect(causeOf({ ...evidence, failure, report })).toBe('picker.down');
  });

  it('is not known to be gone where its pods could not be listed', () => {
    const none = { pods: [], deployments: [] };
    expect(causeOf(judged(unasked(REFUSED, { ...none, gaps: ['pods: forbidden'] })))).toBe('picker.unreachable');
    expect(causeOf(judged(unasked(REFUSED, none)))).toBe('picker.down');
  });
});

describe('a picker without a listed address', () => {
  it('is down where its pool fails open and requests went round-robin', () => {
    const found = explain(spread(null, UNREADY));
    expect(found?.cause).toBe('picker.down');
    expect(found?.explanation).toContain('round-robin');
    expect(found?.explanation).not.toContain('500');
    expect(found?.evidence.join('\n')).toContain(
      'pod/endpoint-picker-1: not Ready; main running, not ready, 0 restarts',
    );
  });

  it('is not called bypassed where it was asked without an error and completions failed', () => {
    const evidence = judged(unasked({ ...NEVER, requests: 100 }, {}, 'HTTP 503: upstream is busy'));
    expect(causeOf(evidence)).not.toMatch(/^(?:picker|routing)/);
  });

  it('is down where its pool fails closed', () => {
    expect(explain(judged(unasked(null, UNREADY)))).toMatchObject({ cause: 'picker.down' });
  });

  it('is down where its Deployment has been scaled to nothing', () => {
    const deployments = [{ name: `${EPP}-router-scheduler`, wanted: 0, ready: 0, conditions: [] }];
    const found = explain(spread(null, { pods: [aPod('replica')], deployments }));
    expect(found?.cause).toBe('picker.down');
    expect(found?.evidence.join('\n')).toContain('0 of 0 pods Ready');
  });

  it('is down where it went away between the first requests and the last', () => {
    const evidence = misrouted(SPREAD, UNREADY, { seen: 20 });
    if (evidence.report.routing?.gateway) evidence.report.routing.gateway.picker = null;
    expect(causeOf(judged(evidence))).toBe('picker.down');
  });
});

describe('TLS between gateway and picker', () => {
  const rules = (...all: ReturnType<typeof ruleOf>[]) => ({ destinationRules: all });

  it('is missing on the side of the gateway, by the rule and the counters', () => {
    const found = explain(judged(unasked(BROKEN_OFF, rules(ruleOf(POOL, 'SIMPLE'), ruleOf(WORKLOAD, 'SIMPLE')))));
    expect(found).toMatchObject({ cause: 'picker.tls', blame: 'cluster' });
    expect(found?.explanation).toContain(`no DestinationRule for ${EPP}`);
    expect(found?.explanation).toContain('HTTP 500');
  });

  it.each([
    ['a rule of another service', ruleOf('qwen2-3b-pattern1-epp-service', 'SIMPLE'), 'picker.tls'],
    ['a rule that switches it off', ruleOf(`${EPP}.ns.svc.cluster.local`, 'DISABLE'), 'picker.tls'],
    ['a rule for the mesh’s own certificates', ruleOf(EPP, 'ISTIO_MUTUAL'), 'picker.tls'],
    ['a rule for every host', ruleOf('*.ns.svc.cluster.local', 'SIMPLE'), 'picker.unreachable'],
  ])('with %s', (_, rule, cause) => {
    expect(causeOf(judged(unasked(BROKEN_OFF, rules(rule))))).toBe(cause);
  });

  it('is missing on the side of the picker, by its flag', () => {
    const found = explain(judged(unasked(REFUSED, { ...plainPicker, ...rules(ruleOf(EPP, 'SIMPLE')) })));
    expect(found).toMatchObject({ cause: 'picker.tls', blame: 'change' });
    expect(found?.explanation).toContain('DestinationRule r makes the gateway use TLS');
    expect(found?.remedy).toContain('DestinationRule r');
    expect(causeOf(judged(unasked(REFUSED, { ...plainPicker, ...rules() })))).toBe('picker.unreachable');
  });

  it('is not blamed for connections that failed to open, nor for rules that could not be read', () => {
    expect(causeOf(judged(unasked(REFUSED, rules())))).toBe('picker.unreachable');
    const unread = { ...rules(), gaps: ['DestinationRules: forbidden'] };
    const found = explain(judged(unasked(BROKEN_OFF, unread)));
    expect(found?.cause).toBe('picker.unreachable');
    expect(found?.explanation).toContain('plain HTTP to a server with TLS');
  });
});

describe('a cause is claimed on evidence alone', () => {
  const ERROR = `HTTP 500: ${JSON.stringify({ error: { message: 'list index out of range', type: 'InternalServerError', code: 500 } })}`;
  const unseen = { outcome: 'not-observable', seen: '72 sent, 0 counted by the replicas' } as const;
  const failing = (seen: string) =>
    ({ completion: { outcome: 'fail', seen }, chat: { outcome: 'fail', seen } }) as const;
  const nobody = {
    routing: { sharedPrefix: { sent: 72, perPod: [{ pod: 'a', requests: 0 }], groups: [] } },
    seen: 310,
  };
  const uncounted = { 'prefix-affinity': unseen, 'unique-spread': unseen } as const;

  it('errors of the model server are its own, whatever the routing checks say of requests that nobody counted', () => {
    const missed = { outcome: 'fail', seen: '0 %' } as const;
    const evidence = misrouted({ ...failing(ERROR), ...uncounted, 'cache-hits': missed }, {}, nobody);
    expect(explain(judged(evidence))).toMatchObject({
      cause: 'vllm.own-error',
      confidence: 'probable',
      explanation: expect.stringContaining('list index out of range'),
    });
    const engaged = { outcome: 'fail', seen: '0 of 310 requests' } as const;
    const bypassed = misrouted({ ...failing(ERROR), ...uncounted, 'picker-engaged': engaged }, {}, nobody);
    expect(causeOf(judged(bypassed))).toBe('vllm.own-error');
  });

  it('requests that nobody counted did not go past the picker', () => {
    const engaged = { outcome: 'fail', seen: '0 of 310 requests' } as const;
    const evidence = misrouted(
      { ...failing('HTTP 429: slow down'), ...uncounted, 'picker-engaged': engaged },
      {},
      nobody,
    );
    expect(causeOf(judged(evidence))).toBe('unknown.completion');
  });

  it('what one request shows to work is not what fails another', () => {
    const chat = { chat: { outcome: 'fail', seen: 'HTTP 400: template' } } as const;
    expect(causeOf(judged(misrouted(chat, { destinationRules: [] }, { seen: 310 })))).not.toBe('tls.server-only');
    const missing = failing('HTTP 500: the file does not exist');
    expect(causeOf(judged(misrouted(missing, {}, { seen: 310 })))).not.toBe('model.name-mismatch');
  });
});

describe('TLS between gateway and replicas', () => {
  const TERMINATED =
    'HTTP 503: upstream connect error or disconnect/reset before headers. reset reason: connection termination';

  it('names the pool where completions fail with the picker’s mark', () => {
    const reported = (hosts: string[], gaps: string[] = []) =>
      judged(
        misrouted(
          { completion: { outcome: 'fail', seen: TERMINATED }, chat: { outcome: 'fail', seen: TERMINATED } },
          { gaps, destinationRules: hosts.map((host) => ruleOf(host, 'SIMPLE')) },
          { seen: 310 },
        ),
      );
    const found = explain(reported([EPP, WORKLOAD]));
    expect(found?.cause).toBe('tls.server-only');
    expect(found?.explanation).toContain('InferencePool qwen2-3b-pattern3-inference-pool');
    expect(found?.explanation).not.toContain('workload');
    expect(causeOf(reported([EPP, WORKLOAD, POOL]))).not.toBe('tls.server-only');
    expect(causeOf(reported([], ['DestinationRules: forbidden']))).not.toBe('tls.server-only');
  });

  it('names the workload’s Service where the model list fails', () => {
    const failure = new Failure({
      stage: 'verify',
      code: 'no-model',
      message: `The service lists no model: ${TERMINATED}.`,
      hint: '',
      blame: 'change',
    });
    const evidence = misrouted(
      { models: { outcome: 'fail', seen: TERMINATED } },
      { destinationRules: [ruleOf(EPP, 'SIMPLE'), ruleOf(POOL, 'SIMPLE')] },
    );
    const found = explain({ ...evidence, failure });
    expect(found?.cause).toBe('tls.server-only');
    expect(found?.explanation).toContain(WORKLOAD);
  });
});

describe('a picker that does not respond', () => {
  const asked = { ...NEVER, requests: 12 };

  it('is silent where the gateway counts requests to it and none to a replica', () => {
    const found = explain(judged(unasked(asked, {}, TIMED_OUT)));
    expect(found).toMatchObject({ cause: 'picker.silent', confidence: 'probable' });
    expect(found?.explanation).toContain('12 requests');
  });

  it('is not blamed for replicas that do not respond', () => {
    const evidence = unasked(asked, {}, TIMED_OUT);
    if (evidence.report.routing?.gateway) evidence.report.routing.gateway.perPod = [{ pod: 'a', requests: 12 }];
    expect(causeOf(judged(evidence))).not.toMatch(/^picker\.silent/);
  });
});

describe('a gateway that does not ask', () => {
  const filters = [
    { name: 'f', namespace: 'opendatahub', erasesPicker: true, buffers: false, routes: [], patchesCluster: false },
  ];

  it('is explained by an EnvoyFilter in both regimes, unless it has tried in vain', () => {
    expect(explain(spread(NEVER, { filters }))?.explanation).toContain('round-robin');
    expect(explain(judged(unasked(NEVER, { filters })))).toMatchObject({ cause: 'routing.envoyfilter' });
    expect(explain(judged(unasked(NEVER, { filters })))?.explanation).toContain('HTTP 500');
    expect(causeOf(judged(unasked(REFUSED, { filters })))).toBe('picker.unreachable');
  });

  it('is called so where nothing explains it', () => {
    expect(causeOf(spread(NEVER))).toBe('routing.picker-bypassed');
    expect(causeOf(spread(null))).toBe('routing.picker-bypassed');
  });

  it('is not called so where it tries in vain and requests go on', () => {
    const found = explain(spread({ requests: 0, errors: 88, connectFailures: 88 }));
    expect(found?.cause).toBe('picker.unreachable');
    expect(found?.explanation).toContain('round-robin');
    expect(found?.evidence.join()).toContain('88 connections to it failed');
  });
});

describe('a cache without hits', () => {
  it.each(['not-observable', 'inconclusive', 'fail'] as const)('is no cause where affinity is %s', (outcome) => {
    expect(causeOf(misrouted({ ...NO_HITS, 'prefix-affinity': { outcome } }, {}, { seen: 310 }))).not.toBe(
      'vllm.no-hits',
    );
  });

  it.each([{ prefixCaching: false }, { prefixCaching: true }])(
    'is no cause where nobody counted a request: %j',
    (environment) => {
      const nobody = { sent: 72, perPod: [{ pod: 'a', requests: 0 }], groups: [] };
      const evidence = misrouted(NO_HITS, {}, { seen: 310, environment, routing: { sharedPrefix: nobody } });
      expect(causeOf(evidence)).not.toMatch(/^vllm/);
    },
  );
});
