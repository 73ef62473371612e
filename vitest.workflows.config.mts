import { defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';

/** The workflow files run whole by act, `npm run test:workflows`; apart from the others because they need it. */
export default defineConfig({
  test: {
    include: ['test/workflows/**/*.test.ts'],
    globalSetup: ['test/workflows/require-act.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    // They measure throughput: side by side the gate would call its own client starved, and rightly so.
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
