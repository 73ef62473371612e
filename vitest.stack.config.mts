import { defineConfig } from 'vitest/config';
import { failedLast } from './test/failed-last.ts';

/** Tests on a stack of real parts, `npm run test:stack`; apart from the others because they need the parts. */
export default defineConfig({
  test: {
    include: ['test/stack/**/*.test.ts'],
    // It needs vLLM beside the parts; the setup says so where it is not there.
    exclude: process.env.VLLM_ASSETS ? [] : ['test/stack/vllm.test.ts'],
    globalSetup: ['test/compile-cache.ts', 'test/bundled.ts', 'test/stack/require-stack.ts'],
    environment: 'node',
    pool: 'forks',
    reporters: ['default', failedLast],
    // Every file starts a stack of its own, whose ports are fixed.
    maxWorkers: 1,
    testTimeout: 300_000,
    // The first start of all has the definitions established.
    hookTimeout: 240_000,
  },
});
