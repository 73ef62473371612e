import { UNMEASURED_SCALE } from './e2e.ts';
import { describeRehearsals } from './rehearse.ts';

describeRehearsals(UNMEASURED_SCALE, [
  { scenario: 'stockout', code: 2, says: ['The zone has no TPU capacity', 'not at fault'] },
  {
    scenario: 'stockout-stays',
    code: 2,
    says: ['The zone has no TPU capacity', 'not at fault'],
  },
  {
    scenario: 'autoscaler-takes-node',
    pairs: '3-3',
    code: 2,
    says: ['A leased node went away'],
  },
  {
    scenario: 'image-pull-private',
    code: 2,
    says: ['The container image does not exist', 'Correct the image name or tag'],
  },
  {
    scenario: 'image-pull',
    code: 2,
    says: ['The container image does not exist', 'docker.io does not have the tag', 'crane ls docker.io/vllm/vllm-tpu'],
  },
  {
    scenario: 'picker-killed',
    pairs: '3-3',
    code: 1,
    says: ['The endpoint picker is not running', 'completions fail with HTTP 500', /last exit 137/],
  },
  {
    scenario: 'picker-crashes',
    pairs: '3-3',
    code: 1,
    says: ['The endpoint picker is not running', 'round-robin', /panic: runtime error/],
  },
  {
    scenario: 'picker-plaintext',
    code: 2,
    says: ['The gateway would use TLS with a server that does not', 'Start the endpoint picker with --secure-serving'],
  },
  {
    // What decides is who served, seen before the first pair.
    scenario: 'random-routing',
    pairs: '3-3',
    code: 1,
    says: [
      'not routed by prefix cache',
      'The gateway bypasses the endpoint picker',
      'Speedup: not measured, because the checks that failed decide the verdict.',
    ],
  },
]);
