import { expect, it } from 'vitest';
import { withCommands } from '../../../src/report/commands.ts';

it.each([
  [
    'Look: kubectl get pods -A -o wide; kubectl get nodes -l a=b',
    'Look: `kubectl get pods -A -o wide`; `kubectl get nodes -l a=b`',
  ],
  ['kubectl get gateways -A; correct it.', '`kubectl get gateways -A`; correct it.'],
  ['Use one: kubectl get gatewayclasses,gateways -A', 'Use one: `kubectl get gatewayclasses,gateways -A`'],
  [
    'See it: gcloud projects get-iam-policy P. Sign in: gcloud auth login.',
    'See it: `gcloud projects get-iam-policy P`. Sign in: `gcloud auth login`.',
  ],
  [
    'Run: gcloud container clusters update C --enable-dns-access, or set "x".',
    'Run: `gcloud container clusters update C --enable-dns-access`, or set "x".',
  ],
  ['Unarchive it: gh repo unarchive o/r', 'Unarchive it: `gh repo unarchive o/r`'],
  [
    'Install kubectl on the runner. kubectl is missing: apply it.',
    'Install kubectl on the runner. kubectl is missing: apply it.',
  ],
  ['Run `kubectl get pods; kubectl get nodes` twice.', 'Run `kubectl get pods; kubectl get nodes` twice.'],
  [
    'Patch: kubectl -n a patch sa b -p \'{"x":[{"y":"z"}]}\'',
    'Patch: `kubectl -n a patch sa b -p \'{"x":[{"y":"z"}]}\'`',
  ],
  ['Nothing to run.', 'Nothing to run.'],
])('marks the commands of %j', (text, marked) => {
  expect(withCommands(text)).toBe(marked);
  expect(withCommands(marked)).toBe(marked);
});
