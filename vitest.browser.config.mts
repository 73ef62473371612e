import { defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';

/** Tests of the page in a real Chromium, `npm run test:browser`; apart from the others because they need one. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    globalSetup: ['test/browser/require-chromium.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    maxWorkers: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
