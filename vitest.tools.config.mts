import { defineConfig } from 'vitest/config';

/** What kubectl and gcloud make of the lab and of the manifests, `npm run test:tools`; apart because it needs them. */
export default defineConfig({
  test: {
    include: ['test/tools/**/*.test.ts', 'lab/test/tools/**/*.test.ts'],
    globalSetup: ['test/tools/require-tools.ts'],
    environment: 'node',
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 20_000,
  },
});
