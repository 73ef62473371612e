import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { answersIn, checkCheckout } from '../../../src/doctor/checkout.ts';
import { filesOf } from '../../../src/init/files.ts';
import { VERSION } from '../../../src/lib/version.ts';

const SHA = '0123456789abcdef0123456789abcdef01234567';
const ANSWERS = {
  ...{ project: 'my-project', projectNumber: '123456789012', location: 'us-east5-a', cluster: 'mine', pool: 'v6e' },
  ...{ gateway: 'opendatahub/inference-gateway', namespace: 'stack', manifests: 'deploy/stack' },
  ...{ repository: 'my-org/my-repo', branch: 'main', gate: `o/gate@v${VERSION}` },
};

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'checkout-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function put(files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

const found = async () =>
  (await checkCheckout(root, VERSION)).map(({ title, state, seen }) => `${state} ${title}: ${seen}`);

it('what init writes is complete, and has its answers in it', async () => {
  put(filesOf(ANSWERS));
  expect((await checkCheckout(root, VERSION)).map(({ state }) => state)).toEqual(Array(6).fill('ok'));
  expect(await answersIn(root)).toEqual({
    cluster: 'projects/my-project/locations/us-east5-a/clusters/mine',
    ...{ pool: 'v6e', gateway: 'opendatahub/inference-gateway', namespace: 'stack', manifests: 'deploy/stack' },
    ...{ projectNumber: '123456789012', gate: `o/gate@v${VERSION}` },
  });
});

it('an empty folder lacks all of it', async () => {
  expect((await checkCheckout(root, VERSION)).map(({ state, remedy }) => [state, remedy])).toEqual(
    Array.from({ length: 4 }, () => ['missing', 'tpu-serving-gate init']),
  );
});

it('a workflow of another version is named, by tag and by the comment behind a commit', async () => {
  put(filesOf({ ...ANSWERS, gate: 'o/gate@v0.0.9' }));
  expect((await found())[1]).toMatch(/^missing .*: .*tpu-pull-request\.yml calls v0\.0\.9, and this is v/);
  put(filesOf({ ...ANSWERS, gate: `o/gate@${SHA}` }));
  expect((await found())[1]).toMatch(new RegExp(`^ok .*, at ${SHA}$`));
  const [path = '', text = ''] = Object.entries(filesOf({ ...ANSWERS, gate: `o/gate@${SHA}` }))[0] ?? [];
  put({ [path]: text.replace(`# v${VERSION}`, '# v0.0.9') });
  expect((await found())[1]).toMatch(/^missing .* calls v0\.0\.9/);
  put({ [path]: text.replace(` # v${VERSION}`, '') });
  expect((await found())[1]).toMatch(/^not-checked .* whose version no comment names/);
});

it('a file that is wrong is not taken for one that is there', async () => {
  put({ ...filesOf(ANSWERS), '.github/tpu-serving-gate.yml': 'nods: 3\n', '.github/workflows/other.yml': 'jobs: [' });
  expect(await found()).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/^missing \.github\/tpu-serving-gate\.yml: .*did you mean "nodes"/),
      'not-checked Workflow .github/workflows/other.yml: it is not valid YAML',
    ]),
  );
});
