import { MEASURED_SCALE, UNMEASURED_SCALE } from './e2e.ts';
import { describeRehearsals } from './rehearse.ts';

// What decides here is not how fast anything is.
describeRehearsals(UNMEASURED_SCALE, [
  {
    // A limit of the hit rate rests on the routing check, so that it decides however the pairs went.
    scenario: 'limit-missed',
    pairs: '3-3',
    flags: ['--target-speedup=0.1-2.8'],
    code: 1,
    says: [
      /Fail — hit-rate is 7\d\.\d% \(\d+\.\d–\d+\.\d\), below 99%/,
      'Cause: The stack misses a limit that was set.',
      /missed\*\* \| \*\*Limits\*\*: 0 of 1 met; hit-rate 7\d\.\d% \(.*\) below 99%/,
      'the author of this change',
    ],
  },
  {
    // Answers are as wrong on a slow machine, and weigh more than what disturbed the load.
    scenario: 'change-faster-and-wrong',
    pairs: '3-3',
    // Nothing is asked of the pairs but that they come to an end.
    flags: ['--target-speedup=0.1-2.8'],
    code: 1,
    says: [
      /Fail — answers worse than its base, 6\d\.\d% of the tasks right, 8\d\.\d% before/,
      /Head answers worse than base, whatever the throughput: The stack under test answers \d+ of 300 tasks right/,
      /worse\*\* \| \*\*Quality\*\*: ↓ .* drop ≤ 2%/,
    ],
  },
]);

// It dies after so many requests, which must come while pairs are measured.
describeRehearsals(MEASURED_SCALE, [
  {
    // Clients hardly see it: what the gateway counts gives the replica away, and outweighs a starved client.
    scenario: 'replica-dies',
    // It dies in the first of them. What so few prove beside other tests is not enough for the usual target.
    pairs: '3-3',
    flags: ['--target-speedup=0.1-2.8', '--pair-duration=3s'],
    code: 4,
    says: [
      /Invalid/,
      // Where it is the one replica of a pair, the gateway has no other to try.
      /qwen2-3b-pattern3-kserve-\S+ refused \d+ connections of the gateway/,
      /A replica did not serve, and the gateway used others instead/,
    ],
  },
]);
