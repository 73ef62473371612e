import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { hasPython } from './test/e2e/require-python.ts';
import { failedLast } from './test/failed-last.ts';

/** It imports JSON without an import attribute, which Node refuses and vite resolves. */
const INLINE = /@actions\/(workflow-parser|expressions)\/.*\.js$/;

/** Twenty seconds, and as many times as long where others have the machine's cores already. */
const LIMIT_MS = 20_000 * Math.max(1, Math.min(5, (loadavg()[0] ?? 0) / availableParallelism()));

/** Files outside of e2e/ and faults/ that take longest, for they compile, compute or wait. */
const LONG = [
  'lab/test/contract/stack/envoy.test.ts',
  'test/checks/types.test.ts',
  'test/studies/soundness/soundness.test.ts',
  'test/unit/stages/benchmark/pairs.test.ts',
];

/** Files that take a minute, most of which they wait: others have the cores meanwhile. */
const WAITING = [
  'test/e2e/rehearsal.test.ts',
  'test/e2e/rehearsal-decided.test.ts',
  'test/faults/month.test.ts',
  'test/e2e/deploy.test.ts',
  'test/unit/stages/benchmark/cluster-load.test.ts',
  'test/e2e/measured/change-slower.test.ts',
];

/** The long ones first, so that no worker has nothing to do while the last of them ends. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isOf = (names: readonly string[], { moduleId }: TestSpecification) =>
      names.some((name) => moduleId.endsWith(`/${name}`));
    const rank = (file: TestSpecification) => {
      if (isOf(WAITING, file)) return 0;
      return /\/test\/(?:e2e|faults)\//.test(file.moduleId) || isOf(LONG, file) ? 1 : 2;
    };
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  plugins: [
    {
      // Their source maps point to sources that are not in the packages; vite would say so for every file.
      name: 'without-source-maps',
      enforce: 'pre',
      load: async (id) =>
        INLINE.test(id) ? (await readFile(id, 'utf8')).replace(/^\/\/# sourceMappingURL=.*$/m, '') : null,
    },
  ],
  test: {
    sequence: { sequencer: LongFirst },
    globalSetup: ['test/notice.ts', 'test/compile-cache.ts', 'test/shared-keys.ts', 'test/bundled.ts'],
    environment: 'node',
    // Tests start servers and child processes, and some set process-wide state such as exit codes.
    pool: 'forks',
    reporters: ['default', failedLast],
    testTimeout: LIMIT_MS,
    hookTimeout: LIMIT_MS,
    server: { deps: { inline: [INLINE] } },
    projects: [
      {
        extends: true,
        test: {
          name: 'rooms',
          include: ['test/{e2e,faults}/**/*.test.ts', ...LONG],
          // The global setup reports a test that is left out.
          exclude: ['test/e2e/measured/**', ...(hasPython() ? [] : ['test/e2e/terminal.test.ts'])],
          // A lab that one file has stopped serves the next, warm.
          isolate: false,
          // GitHub's runners have two to four cores, and these files wait for half of their time.
          maxWorkers: 5,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'units',
          include: ['test/**/*.test.ts', 'lab/test/**/*.test.ts'],
          // Those of cluster/ need a kube-apiserver, of browser/ a Chromium, of workflows/ act, of tools/ kubectl and
          // gcloud, of vllm/ vLLM; each has a configuration of its own.
          exclude: [
            'test/cluster/**',
            'test/browser/**',
            'test/workflows/**',
            'test/tools/**',
            'lab/test/tools/**',
            'test/stack/**',
            'test/vllm/**',
            'test/{e2e,faults}/**',
            ...LONG,
          ],
          // A process of its own for each file would cost a fifth of a second, which is more than most of them take.
          isolate: false,
          maxWorkers: 5,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'measured',
          include: ['test/e2e/measured/*.test.ts'],
          // They measure throughput: beside other tests the gate would call its own client starved, and rightly so. Two of
          // them leave half of two cores idle.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
