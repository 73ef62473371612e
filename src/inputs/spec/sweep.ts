import { boolean } from '../parsers/basic.ts';
import type { InputRow } from '../row.ts';

/** What only the sweeper reads. */
export const SWEEP = {
  issue: {
    group: 'issue',
    key: 'issue',
    parse: boolean,
    default: 'true',
    description: 'Open or update one issue if a pool was left behind. It needs `issues: write`.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
