import type { Reporter, TestModule } from 'vitest/node';

/** Longest first line of a message that is repeated. */
const LONGEST = 300;

/**
 * Repeats the failed tests in a line each at the very end: of a long log, a CI service often shows the last lines only.
 * Vitest prints them earlier, each with all that it compared.
 */
export const failedLast: Reporter = {
  onTestRunEnd(modules) {
    const lines = modules.flatMap(failuresOf);
    // After the summary of the default reporter, which is printed in this very turn.
    if (lines.length > 0) process.once('exit', () => process.stdout.write(`\n${lines.join('\n')}\n`));
  },
};

function failuresOf(module: TestModule): string[] {
  const name = module.relativeModuleId;
  const broken = module.errors().map(({ message }) => `FAILED: ${name}: ${firstLine(message)}`);
  const failed = [...module.children.allTests('failed')].map(
    (test) => `FAILED: ${name} > ${test.fullName}: ${firstLine(test.result().errors?.[0]?.message)}`,
  );
  const suites = [...module.children.allSuites()].flatMap((suite) =>
    suite.errors().map(({ message }) => `FAILED: ${name} > ${suite.fullName}: ${firstLine(message)}`),
  );
  return [...broken, ...suites, ...failed];
}

const firstLine = (text = '') => (text.split('\n')[0] ?? '').slice(0, LONGEST);
