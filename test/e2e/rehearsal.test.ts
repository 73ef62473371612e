import { UNMEASURED_SCALE } from './e2e.ts';
import { describeRehearsals } from './rehearse.ts';

describeRehearsals(UNMEASURED_SCALE, [
  { scenario: 'stockout', code: 2, says: ['The zone has no TPU capacity', 'not at fault'] },
  { scenario: 'image-pull', code: 2, says: ['The container image does not exist', 'Correct the image name or tag'] },
]);
