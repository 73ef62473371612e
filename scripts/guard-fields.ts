/**
 * Shows what the schemas of the reviewed kinds have and the guard's table lacks, and the reverse: `npm run guard:fields`.
 * To take a new field up, add it to its line in src/stages/preflight/guard-pods.ts or guard-kinds.ts, with `-` where a
 * pull request may not set it. Until then the guard refuses it.
 */
import { compareFields } from './guard-fields/compare.ts';

const { unreviewed, gone } = compareFields();
for (const field of unreviewed) console.log(`not reviewed: ${field}`);
for (const field of gone) console.log(`in no schema: ${field}`);
console.log(`${unreviewed.length} fields not reviewed, ${gone.length} in no schema`);
