import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    // It is so far below that the first look decides, if the machine is quiet.
    pairs: '3-6',
    code: 1,
    says: [/Fail — 2\.[012]\d×/, /lies wholly below 2\.5×/],
  },
  {
    // Clients hardly see it: what the gateway counts gives the replica away.
    scenario: 'replica-dies',
    // It dies in the first of them.
    pairs: '3-3',
    code: 4,
    says: [
      /Invalid/,
      /qwen2-3b-pattern3-kserve-\S+ refused \d+ connections of the gateway, which tried other replicas/,
      /A replica did not serve, and the gateway asked others in its place/,
    ],
  },
]);
