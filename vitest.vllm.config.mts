import { defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';

/** Tests on vLLM for the CPU, `npm run test:vllm`; apart from the others because they need it. */
export default defineConfig({
  test: {
    include: ['test/vllm/**/*.test.ts'],
    globalSetup: ['test/vllm/require-vllm.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    // One at a time: each takes all cores to start.
    maxWorkers: 1,
    testTimeout: 60_000,
  },
});
