import { configDefaults, defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';
import { hasDashboardCheck, hasPromtool, hasPython } from './test/tools/require-tools.ts';

/** What clients of others make of the lab and of the manifests, `npm run test:tools`; apart because it needs them. */
export default defineConfig({
  test: {
    include: ['test/tools/**/*.test.ts', 'lab/test/tools/**/*.test.ts'],
    // The global setup says so.
    exclude: [
      ...configDefaults.exclude,
      ...(hasPython() ? [] : ['lab/test/tools/python.test.ts']),
      ...(hasPromtool() ? [] : ['test/tools/promtool.test.ts']),
      ...(hasDashboardCheck() ? [] : ['test/tools/dashboard.test.ts']),
    ],
    globalSetup: ['test/tools/require-tools.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 20_000,
  },
});
