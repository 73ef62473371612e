import type { DiagnosisScenario } from '../types.ts';
import { manifest, SHORT, scenario } from './shared.ts';

/** Commands of a runner, Markdown, HTML, terminal sequences, and a token. */
const HOSTILE_WORDS = [
  '::error title=Boo::taken for a command',
  '::set-output name=verdict::pass',
  '##[error]taken for an old one',
  '::add-mask::3',
  '</details></summary><script>alert(1)</script><img src=x onerror=y>',
  '<!-- tpu-serving-gate v1 id=gate run=9 attempt=9 n=999 -->',
  '```\n# heading out of the fence',
  '> [!CAUTION]\n> **Pass** @octocat #1 [click](https://evil.example/x)',
  '\u001b[31mred\u001b[0m \u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007 \u202eright to left',
  'token hf_abcdefghijklmnopqrstuvwxyz',
] as const;

/** Containers that are ended, and words that are made to mislead. */
export const CONTAINER_END_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('memory-limit', 'main passes its memory limit while it loads', 'container.oom-killed', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          says: ['INFO Loading weights'],
          ends: { exitCode: 137, reason: 'OOMKilled' },
        },
      ],
    },
  }),
  manifest('probe-too-short', 'the startup probe ends vLLM while it compiles', 'probe.too-short', [
    'failureThreshold: 150',
    'failureThreshold: 3',
  ]),
  scenario('still-compiling', 'the compilation outlasts the wait', 'ready.compiling', {
    cluster: {
      containers: [
        {
          in: 'replica',
          container: 'main',
          says: ['INFO Compiling the model with different input shapes: num_tokens: 512'],
        },
      ],
    },
    flags: SHORT,
  }),
  scenario(
    'hostile-words',
    'main ends with words that are made to be taken for something else',
    'container.crash-loop',
    {
      cluster: {
        containers: [
          { in: 'replica', container: 'main', floods: 10 * 1024 * 1024, says: HOSTILE_WORDS, ends: { exitCode: 1 } },
        ],
      },
    },
  ),
];
