import { MEASURED_SCALE } from '../e2e.ts';
import { describeRehearsals } from '../rehearse.ts';

describeRehearsals(MEASURED_SCALE, [
  {
    scenario: 'slow',
    code: 1,
    says: [/Fail — 2\.[012]\d×/, /lies wholly below 2\.5×/],
  },
  {
    // Clients hardly see it: what the gateway counts gives the replica away.
    scenario: 'replica-dies',
    code: 4,
    says: [
      /Invalid/,
      /qwen2-3b-pattern3-kserve-\S+ refused \d+ connections of the gateway, which tried other replicas/,
      /A replica did not serve, and the gateway asked others in its place/,
    ],
  },
]);
