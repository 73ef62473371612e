import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    // It is so far below that the first look decides, if the machine is quiet.
    pairs: '3-6',
    code: 1,
    says: [/Fail — 2\.[012]\d×/, /Another run will not change the verdict/],
  },
  {
    // Three of the slower replicas scale as three of the faster ones did: only the base stack shows it.
    scenario: 'change-slower',
    code: 1,
    says: [/Fail — 0\.[67]\d+× the throughput of its base/, /regressed/, /✅.pass \| \*\*Speedup\*\*: /],
  },
]);
