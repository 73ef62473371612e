import { expect, it } from 'vitest';
import { Failure } from '../../../../src/lib/failure.ts';
import { preflightTable } from '../../../../src/stages/preflight/table.ts';

const failing = (code: string, message: string) => async (): Promise<never> => {
  throw new Failure({ stage: 'preflight', code, message, hint: `do ${code}`, blame: 'config' });
};

it('names a missing namespace before what is missing in it, whichever line comes first', async () => {
  const table = preflightTable(() => {}, new AbortController().signal);
  await table.look('secrets', 'Secrets', failing('pull-secret-missing', 'Image pull secret s does not exist in ns.'));
  await table.look('dry-run', 'Server-side dry run', failing('namespace-missing', 'namespaces "ns" not found.'));
  const failure = (() => {
    try {
      return table.settle();
    } catch (error) {
      return error;
    }
  })();
  expect(failure).toMatchObject({ code: 'namespace-missing', hint: 'do namespace-missing' });
  expect((failure as Failure).message).toContain('Image pull secret s does not exist');
});
