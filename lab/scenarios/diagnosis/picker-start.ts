import type { DiagnosisScenario } from '../types.ts';
import { crashes, manifest } from './shared.ts';

const setup = (msg: string, error: string) => JSON.stringify({ level: 'error', logger: 'setup', msg, error });

/** The endpoint picker does not start. Its words are those of GIE v1.5.0, as recorded. */
export const PICKER_START_SCENARIOS: readonly DiagnosisScenario[] = [
  ...crashes('endpoint-picker', 'main', [
    {
      name: 'picker-flag',
      summary: 'the endpoint picker does not know a flag',
      cause: 'picker.unknown-flag',
      exitCode: 2,
      says: ['flag provided but not defined: -model-server-metrics-scheme'],
    },
    {
      name: 'picker-value',
      summary: 'the endpoint picker refuses the value of a flag',
      cause: 'picker.invalid-value',
      exitCode: 2,
      says: ['invalid argument "http" for "--grpc-port" flag: strconv.ParseInt: parsing "http": invalid syntax'],
    },
    {
      name: 'picker-plugin-unknown',
      summary: 'the endpoint picker has no such plugin',
      cause: 'picker.bad-config',
      says: [
        setup(
          'Failed to parse configuration',
          "failed to load the configuration - plugin instantiation failed: plugin type 'latency-scorer' is not registered",
        ),
      ],
      shows: "plugin type 'latency-scorer' is not registered",
    },
    {
      name: 'picker-no-definitions',
      summary: 'the cluster lacks a definition that the endpoint picker reads',
      cause: 'picker.no-definitions',
      says: [
        setup(
          'Failed to create controller manager',
          'failed to create controller manager: failed to determine if *v1.InferencePool is namespaced: failed to get restmapping: no matches for kind "InferencePool" in version "inference.networking.k8s.io/v1"',
        ),
      ],
      shows: 'inference.networking.k8s.io/v1',
    },
    {
      name: 'picker-no-certificate',
      summary: 'the certificate of the endpoint picker is not where its flag says',
      cause: 'picker.certificate-missing',
      says: [
        setup(
          'Error starting controller manager',
          'failed to create self signed certificate - open /var/run/kserve/tls/tls.crt: no such file or directory',
        ),
      ],
      shows: 'open /var/run/kserve/tls/tls.crt: no such file or directory',
    },
    {
      name: 'picker-forbidden',
      summary: 'the endpoint picker may not list its pool',
      cause: 'picker.forbidden',
      says: [
        JSON.stringify({
          level: 'error',
          logger: 'controller-runtime.cache.UnhandledError',
          msg: 'Failed to watch',
          error:
            'failed to list *v1.InferencePool: inferencepools.inference.networking.k8s.io is forbidden: User "system:serviceaccount:llm:qwen-epp-sa" cannot list resource "inferencepools" in API group "inference.networking.k8s.io" in the namespace "llm"',
        }),
        setup(
          'Error starting controller manager',
          'failed to wait for inferencepool caches to sync kind source: *v1.InferencePool: timed out waiting for cache to be synced for Kind *v1.InferencePool',
        ),
      ],
      shows: 'cannot list resource',
    },
  ]),
  manifest('picker-args', 'the arguments of the endpoint picker leave out its pool', 'picker.no-pool-name', [
    '              - --pool-name\n',
    '              - --v\n',
  ]),
];
