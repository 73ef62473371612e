import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(2 * MEASURED_SCALE, [
  {
    // Three of the slower replicas scale as three of the faster ones did: only the base stack shows it.
    scenario: 'change-slower',
    // Proven by as few pairs as the loss is, so that chance has no say in the scaling of slower replicas. In shorter pairs
    // half of a window has so few requests that their order is taken for a trend.
    flags: ['--target-speedup=2-2.8', '--pair-duration=1250ms', '--concurrency=10'],
    pairs: '6-6',
    code: 1,
    says: [/Fail — 0\.[67]\d+× the throughput of its base/, /regressed/, /✅.pass \| \*\*Speedup\*\*: /],
  },
]);
