import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    code: 1,
    says: [/Fail — 2\.[012]\d×/, /lies wholly below 2\.5×/],
  },
  {
    scenario: 'random-routing',
    // What decides is seen before the first pair.
    pairs: '3-3',
    code: 1,
    says: ['not routed by prefix cache', 'The gateway bypasses the endpoint picker'],
  },
]);
