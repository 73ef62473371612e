import type { DiagnosisScenario, Expectation, ObjectRef } from './types.ts';

const NAMESPACE = 'llm-d-inference-scheduling';
const SERVICE = 'qwen2-3b-pattern3';

const fail = (cause: string): Expectation => ({ exitCode: 1, verdict: 'fail', cause });

/** DestinationRules that upstream KServe leaves to its users, by what they are for. */
const RULES = {
  picker: `${SERVICE}-epp-service`,
  // Istio derives the name from the pool's: its first 8 hex digits of sha256.
  pool: `${SERVICE}-inference-pool-ip-6a587483`,
  workload: `${SERVICE}-kserve-workload-svc`,
} as const;

const ruleFile = (name: string, host: string) => `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: ${SERVICE}-${name}
spec:
  host: ${host}
  trafficPolicy:
    tls:
      mode: SIMPLE
      insecureSkipVerify: true
`;

const ruleOf = (name: keyof typeof RULES): ObjectRef => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { namespace: NAMESPACE, name: `${SERVICE}-${name}` },
});

/** Upstream KServe with all rules from the manifests, of which somebody deletes one during the run. */
const withoutRule = (name: keyof typeof RULES, cause: string, expect = fail(cause)): DiagnosisScenario => ({
  name: `rule-deleted-${name}`,
  summary: `somebody deletes the DestinationRule of the ${name} during the run`,
  manifests: {
    add: Object.fromEntries(Object.entries(RULES).map(([rule, host]) => [`rule-${rule}.yaml`, ruleFile(rule, host)])),
  },
  cluster: { kserve: 'no-rules', laterRemoved: [ruleOf(name)] },
  expect,
});

const PANIC = [
  'panic: runtime error: invalid memory address or nil pointer dereference',
  '[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0x1a2b3c4]',
];
const CRASHES = {
  in: 'endpoint-picker',
  container: 'main',
  whenAsked: true,
  says: PANIC,
  ends: { exitCode: 2 },
} as const;
const UNREADY = {
  in: 'endpoint-picker',
  container: 'main',
  whenAsked: true,
  says: ['{"level":"error","msg":"failed to list InferencePools"}'],
} as const;
const FAIL_CLOSE = `scheduler:
      pool:
        spec:
          selector:
            app.kubernetes.io/name: ${SERVICE}
            app.kubernetes.io/part-of: llminferenceservice
            kserve.io/component: workload
          targetPortNumber: 8000
          extensionRef:
            name: ${SERVICE}-epp-service
            failureMode: FailClose
`;

/** Ready stacks whose gateway and endpoint picker do not get on. */
export const PICKER_SCENARIOS: readonly DiagnosisScenario[] = [
  {
    name: 'picker-killed',
    summary: 'the endpoint picker is killed whenever it starts, and its address stays listed',
    cluster: { containers: [{ ...CRASHES, says: [], ends: { exitCode: 137 } }] },
    serving: { picker: 'dead' },
    expect: fail('picker.down'),
  },
  {
    name: 'picker-crashes',
    summary: 'the endpoint picker crashes once it is asked, and its address is withdrawn',
    cluster: { containers: [CRASHES] },
    expect: fail('picker.down'),
  },
  {
    name: 'picker-unready',
    summary: 'the endpoint picker runs and is not Ready any more',
    cluster: { containers: [UNREADY] },
    expect: fail('picker.down'),
  },
  {
    name: 'picker-unready-closed',
    summary: 'the endpoint picker is not Ready any more, and its pool fails closed',
    manifests: { replace: [['scheduler:\n', FAIL_CLOSE]] },
    cluster: { containers: [UNREADY] },
    expect: fail('picker.down'),
  },
  {
    name: 'picker-dead',
    summary: 'nothing listens at the address of the endpoint picker, whose pod is Ready',
    serving: { picker: 'dead' },
    expect: fail('picker.unreachable'),
  },
  {
    name: 'picker-stopped',
    summary: 'the endpoint picker takes requests and does not respond',
    serving: { picker: 'stopped' },
    expect: fail('picker.silent'),
  },
  {
    name: 'picker-plaintext',
    summary: 'the endpoint picker serves no TLS behind a DestinationRule that demands it',
    manifests: { replace: [['- --secure-serving\n', '- --secure-serving=false\n']] },
    // Known before a node is asked for.
    expect: { exitCode: 2, verdict: 'error', cause: 'tls.plain-server' },
  },
  withoutRule('picker', 'picker.tls'),
  withoutRule('pool', 'tls.server-only'),
  withoutRule('workload', 'tls.server-only', { exitCode: 2, verdict: 'error', cause: 'tls.server-only' }),
];
