import { MEASURED_SCALE, UNMEASURED_SCALE } from './e2e.ts';
import { describeRehearsals } from './rehearse.ts';

describeRehearsals(UNMEASURED_SCALE, [
  { scenario: 'stockout', code: 2, says: ['The zone has no TPU capacity', 'not at fault'] },
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
    says: ['The gateway would speak TLS to a server that does not', 'Start the endpoint picker with --secure-serving'],
  },
]);

// Measured beside other tests and too fast for its figures: what decides here is who served, seen before the first pair.
describeRehearsals(3 * MEASURED_SCALE, [
  {
    scenario: 'random-routing',
    pairs: '3-3',
    code: 1,
    says: [
      'not routed by prefix cache',
      'The gateway bypasses the endpoint picker',
      'Speed-up: not measured, because the checks that failed decide the verdict.',
    ],
  },
]);

// A limit of the hit rate rests on the routing check, so that it decides however the pairs went.
describeRehearsals(3 * MEASURED_SCALE, [
  {
    scenario: 'limit-missed',
    pairs: '3-3',
    code: 1,
    says: [
      /Fail — hit-rate is 7\d\.\d% \(\d+\.\d–\d+\.\d\), below 99%/,
      'Cause: The stack misses a limit that was set.',
      /\*\*Limits:\*\* 0 of 1 met; hit-rate 7\d\.\d% \(.*\) below 99%/,
      'the author of this change',
    ],
  },
]);

// Neither does it matter here how fast the machine is.
describeRehearsals(MEASURED_SCALE, [
  {
    // Answers are as wrong on a slow machine, and weigh more than what disturbed the load.
    scenario: 'change-faster-and-wrong',
    pairs: '3-3',
    flags: ['--target-speedup=0.1-2.8'],
    code: 1,
    says: [
      /Fail — answers worse than its base, 6\d\.\d% of the tasks right, 8\d\.\d% before/,
      /Head answers worse than base, whatever the throughput: The stack under test answers \d+ of 300 tasks right/,
      /\*\*Quality of answers\*\* .* drop ≤ 2% .*worse/,
    ],
  },
  {
    // Clients hardly see it: what the gateway counts gives the replica away, and outweighs a starved client.
    scenario: 'replica-dies',
    // It dies in the first of them. What so few prove beside other tests is not enough for the usual target.
    pairs: '3-3',
    flags: ['--target-speedup=0.1-2.8'],
    code: 4,
    says: [
      /Invalid/,
      /qwen2-3b-pattern3-kserve-\S+ refused \d+ connections of the gateway, which tried other replicas/,
      /A replica did not serve, and the gateway asked others in its place/,
    ],
  },
]);
