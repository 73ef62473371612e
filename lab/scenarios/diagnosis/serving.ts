import type { DiagnosisScenario } from '../types.ts';
import { fail, manifest, scenario } from './shared.ts';

/** Ready, and not as it should be. */
export const SERVING_SCENARIOS: readonly DiagnosisScenario[] = [
  manifest(
    'plain-server',
    'vLLM is started without TLS, and KServe writes rules with TLS',
    'tls.plain-server',
    [
      ' \\\n              --ssl-certfile=/var/run/kserve/tls/tls.crt \\\n              --ssl-keyfile=/var/run/kserve/tls/tls.key',
      '',
    ],
    ['scheme: HTTPS', 'scheme: HTTP'],
    ['scheme: HTTPS', 'scheme: HTTP'],
    ['scheme: HTTPS', 'scheme: HTTP'],
  ),
  scenario(
    'no-tls-rules',
    'KServe of Open Data Hub has made no DestinationRules, and vLLM serves TLS',
    'tls.server-only',
    {
      cluster: { kserve: 'no-rules' },
    },
  ),
  scenario('no-prefix-scorer', 'the picker scores queues alone', 'picker.no-prefix-scorer', {
    manifests: {
      replace: [['                      - pluginRef: prefix-cache-scorer\n                        weight: 3\n', '']],
    },
    expect: fail('picker.no-prefix-scorer'),
  }),
  scenario('caching-switched-off', 'the change switches prefix caching off', 'vllm.caching-off', {
    manifests: { replace: [['--enable-prefix-caching \\', '--no-enable-prefix-caching \\']] },
    expect: fail('vllm.caching-off'),
  }),
];
