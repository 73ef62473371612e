import { join } from 'node:path';
import { root } from './checks/root.ts';

/** Names the command line that the tests of this run start, where it is not the sources themselves. */
export const TESTED_CLI = 'TPU_SERVING_GATE_TESTED_CLI';

/** The module of the command line: the sources as one file where the test run has made it, which starts in less time. */
export const CLI = process.env[TESTED_CLI] ?? join(root, 'src/cli.ts');
