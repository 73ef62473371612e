import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    code: 1,
    says: [/Fail — 2\.[012]\d×/, /lies wholly below 2\.5×/],
  },
]);
