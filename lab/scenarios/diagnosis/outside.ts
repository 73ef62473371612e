import type { DiagnosisScenario } from '../types.ts';
import { crashes, SHORT, scenario } from './shared.ts';

const hangs = (
  name: string,
  summary: string,
  where: 'replica' | 'endpoint-picker',
  container: string,
  ...says: string[]
): DiagnosisScenario =>
  scenario(name, summary, 'unknown.ready-timeout', {
    cluster: { containers: [{ in: where, container, says }] },
    flags: SHORT,
    outside: true,
    shows: [says.at(-1) ?? `${container} is running and not ready, without a word`],
  });

/** What no rule knows: it must be called unknown, and what is odd must be shown. */
export const OUTSIDE_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('outside-condition', 'the controller stops for a reason that nobody has seen', 'unknown.ready-timeout', {
    cluster: { kserve: { odd: { reason: 'LunarEclipse', message: 'the moon is in the way' } } },
    flags: SHORT,
    outside: true,
    shows: ['LunarEclipse: the moon is in the way'],
  }),
  hangs('outside-sidecar', 'a sidecar does not become ready and says nothing', 'replica', 'istio-proxy'),
  hangs(
    'outside-sidecar-words',
    'a sidecar does not become ready, for a reason that nobody has seen',
    'replica',
    'istio-proxy',
    '2026-02-13T14:20:11.000Z\twarn\tenvoy main\tthe tide table is empty, waiting',
  ),
  hangs(
    'outside-server-waits',
    'vLLM waits for something that nobody knows',
    'replica',
    'main',
    '(EngineCore pid=7) WARNING 02-13 14:20:11 [core.py:212] Still waiting for the tide to turn',
  ),
  hangs(
    'outside-download-waits',
    'the download does not end, and reports errors of a kind that nobody has seen',
    'replica',
    'storage-initializer',
    '2026-01-01 00:00:00.000 1 storage.initializer ERROR [lunar.py:1] the tide table is empty, trying again',
  ),
  hangs(
    'outside-picker',
    'the endpoint picker does not become ready and waits for a leader',
    'endpoint-picker',
    'main',
    '{"level":"info","msg":"waiting for the leader"}',
  ),
  ...['Internal error occurred: the tide table is empty', 'pods "qwen2-3b" is forbidden: the tide is out'].map(
    (refusal, index) =>
      scenario(
        `outside-pod-refused-${index + 1}`,
        'the API server refuses the pods in words that nobody has seen',
        'unknown.ready-timeout',
        { cluster: { refusedPods: refusal }, flags: SHORT, outside: true, shows: [refusal] },
      ),
  ),
  scenario('outside-volume', 'a volume cannot be attached', 'unknown.ready-timeout', {
    cluster: {
      unmounted:
        'MountVolume.MountDevice failed for volume "pvc-1": rpc error: code = Aborted desc = the tide table is empty',
    },
    flags: SHORT,
    outside: true,
    shows: ['the tide table is empty'],
  }),
  scenario('outside-container', 'the runtime cannot make the container', 'unknown.ready-timeout', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          waits: { reason: 'CreateContainerError', message: 'failed to reserve container name: the tide is out' },
        },
      ],
    },
    flags: SHORT,
    outside: true,
    shows: ['failed to reserve container name'],
  }),
  scenario('outside-resize', 'the resize ends with a code that nobody has seen', 'gke.resize-failed', {
    gcp: {
      resize: {
        arrive: 0,
        reason: { words: '[TIDE_TABLE_EMPTY]: The tide table of the zone is empty.' },
        afterSeconds: 60,
        chaseSeconds: null,
      },
    },
    outside: true,
    shows: ['The tide table of the zone is empty'],
  }),
  ...crashes('replica', 'main', [
    {
      name: 'crash-unknown',
      summary: 'main ends with words that nobody knows',
      cause: 'container.crash-loop',
      says: ['AssertionError: the quantum harmonizer is out of phase'],
      outside: true,
    },
    {
      name: 'outside-vmem',
      summary: 'a memory of the TPU that is not HBM is exhausted',
      cause: 'container.crash-loop',
      says: [
        'RuntimeError: Bad StatusOr access: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space vmem. Used 32.42M of 16.00M vmem. Exceeded vmem capacity by 16.42M',
      ],
      shows: 'memory space vmem',
      outside: true,
    },
    {
      name: 'outside-shared-memory',
      summary: 'shared memory is full, in the words of a full disk',
      cause: 'container.crash-loop',
      says: ["OSError: [Errno 28] No space left on device: '/dev/shm/psm_5c1f2a9e'"],
      outside: true,
    },
    {
      name: 'outside-port',
      summary: 'the port of vLLM is taken',
      cause: 'container.crash-loop',
      says: ["OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use"],
      shows: 'address already in use',
      outside: true,
    },
  ]),
  ...crashes('replica', 'istio-proxy', [
    {
      name: 'outside-sidecar-crash',
      summary: 'a sidecar ends with words that nobody knows',
      cause: 'container.crash-loop',
      says: ['Error: the tide table is empty'],
      outside: true,
    },
  ]),
  ...crashes('replica', 'storage-initializer', [
    {
      name: 'outside-certificate-expired',
      summary: 'the certificate of the model’s source has expired, which is no proxy’s',
      cause: 'container.crash-loop',
      says: [
        '2026-01-01 00:00:00.000 1 storage.initializer ERROR [initializer-entrypoint:<module>():31] Unexpected error during storage initialization: Got: ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)',
      ],
      shows: 'certificate has expired',
      outside: true,
    },
  ]),
  ...crashes('endpoint-picker', 'main', [
    {
      name: 'outside-picker-crash',
      summary: 'the endpoint picker cannot listen on its metrics port',
      cause: 'container.crash-loop',
      says: [
        '{"level":"error","logger":"setup","msg":"Error starting controller manager","error":"failed to start metrics server: failed to create listener: listen tcp :9090: bind: address already in use"}',
      ],
      shows: 'bind: address already in use',
      outside: true,
    },
  ]),
];
