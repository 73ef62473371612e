import { boolean } from '../parsers/basic.ts';
import type { InputRow } from '../row.ts';

/** What only the sweeper reads. */
export const SWEEP = {
  issue: {
    group: 'issue',
    key: 'issue',
    parse: boolean,
    default: 'true',
    description: 'Open or update one issue where a pool was left behind; needs `issues: write`.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
