import type { DiagnosisScenario } from '../types.ts';
import { GATEWAY, SHORT, scenario } from './shared.ts';

/** Reasons of KServe v0.17 to v0.20 with their messages. */
const STOPPED: readonly { name: string; reason: string; message: string; cause?: string }[] = [
  {
    name: 'controller-gateway',
    reason: 'GatewayPreconditionNotMet',
    message: 'Gateway opendatahub/inference-gateway is not ready: listener "http" is not programmed',
  },
  {
    name: 'controller-pool',
    reason: 'InferencePoolFetchError',
    message: 'Failed to fetch InferencePool: inferencepools.inference.networking.k8s.io "qwen" not found',
  },
];

/** Controllers that stop, and routes that are refused. */
export const CONTROLLER_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('presets-missing', 'the service names a preset that does not exist', 'kserve.presets', {
    manifests: { replace: [['spec:\n  model:', 'spec:\n  baseRefs:\n    - name: tpu-presets\n  model:']] },
    flags: ['--allowed-references=LLMInferenceServiceConfig/tpu-presets Secret/redhat-pull-secret Secret/hf-token'],
  }),
  scenario('certificates', 'the controller cannot sign certificates', 'certificates.missing', {
    cluster: { kserve: 'no-certificates' },
  }),
  scenario('controller-asleep', 'the controller does nothing', 'kserve.ignored', {
    cluster: { kserve: 'ignores' },
    flags: SHORT,
  }),
  ...STOPPED.map(({ name, reason, message, cause = 'controller.stopped' }) =>
    scenario(name, `KServe stops with ${reason}`, cause, {
      cluster: { kserve: { odd: { reason, message } } },
      flags: SHORT,
      shows: [reason],
    }),
  ),
  scenario('controller-stopped', 'the controller may not write what it needs', 'controller.stopped', {
    cluster: {
      kserve: {
        odd: {
          reason: 'HTTPRouteReconcileError',
          message: 'Failed to reconcile HTTPRoute: httproutes.gateway.networking.k8s.io is forbidden',
        },
      },
    },
    flags: SHORT,
  }),
  scenario('route-refused', 'the listener takes no routes of the namespace', 'route.not-accepted', {
    cluster: {
      patch: [
        {
          kind: 'Gateway',
          ...GATEWAY,
          patch: {
            spec: {
              listeners: [
                { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } },
              ],
            },
          },
        },
      ],
    },
  }),
];
