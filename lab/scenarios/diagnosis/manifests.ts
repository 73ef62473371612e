import type { DiagnosisScenario } from '../types.ts';
import { manifest, scenario } from './shared.ts';

/** What is wrong with the manifests, found before a node is leased. */
export const MANIFEST_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario(
    'policy-to-picker',
    'the change drops the policy that lets the gateway to the endpoint picker',
    'policy.blocks',
    {
      manifests: {
        drop: ['networkpolicies/allow-gateway-to-epp.yaml'],
        add: {
          'networkpolicies/isolate.yaml':
            'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: isolate-picker\nspec:\n  podSelector:\n    matchLabels:\n      app.kubernetes.io/name: qwen2-3b-pattern3\n  policyTypes: [Ingress]\n  ingress:\n    - ports: [{ port: 8000 }]\n',
        },
      },
    },
  ),
  scenario('policy-to-istiod', 'the change drops the policy that lets sidecars to istiod', 'policy.blocks', {
    manifests: { drop: ['networkpolicies/allow-istio.yaml'] },
  }),
  manifest('manifest-typo', 'a field of the manifest has a word for a number', 'manifest.invalid', [
    'timeoutSeconds: 5',
    'timeoutSeconds: five',
  ]),
  manifest('manifest-privileged', 'a container wants to be privileged', 'manifest.refused', [
    '        env:\n          - name: PJRT_DEVICE',
    '        securityContext:\n          privileged: true\n        env:\n          - name: PJRT_DEVICE',
  ]),
  manifest('manifest-broken', 'the manifest is no YAML', 'manifest.unreadable', [
    'spec:\n  model:',
    'spec: [\n  model:',
  ]),
  manifest('flag-known-bad', 'a flag that no release of vLLM has', 'vllm.known-bad-flag', [
    '--enable-prefix-caching \\',
    '--enable-prefix-caching --prefix-cache-block-size=64 \\',
  ]),
  manifest(
    'picker-plugin',
    'the configuration of the endpoint picker names a plugin that it does not have',
    'picker.bad-config',
    ['- pluginRef: queue-scorer', '- pluginRef: latency-scorer'],
  ),
  manifest('probe-of-http', 'the readiness probe asks for HTTP', 'probe.mismatch', [
    'path: /v1/models\n            port: 8000\n            scheme: HTTPS',
    'path: /v1/models\n            port: 8000\n            scheme: HTTP',
  ]),
];
