import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    // It is so far below that the first look decides, if the machine is quiet.
    pairs: '3-6',
    code: 1,
    says: [/Fail — (?:1\.9|2\.[0-4])\d×/, /Another run will not change the verdict/],
  },
]);
