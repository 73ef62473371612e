import { defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';

/** Tests on a real kube-apiserver, `npm run test:cluster`; apart from the others because they need its binaries. */
export default defineConfig({
  test: {
    include: ['test/cluster/**/*.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/bundled.ts', 'test/cluster/require-assets.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    // Every file starts an API server of its own, which keeps a core busy while it starts.
    maxWorkers: 1,
    testTimeout: 30_000,
    // Large definitions keep the API server busy, for a minute where others want the cores too.
    hookTimeout: 180_000,
  },
});
