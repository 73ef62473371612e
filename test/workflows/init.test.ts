import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { LAB, type Lab } from '../../lab/lab.ts';
import { REPOSITORY, VERSION } from '../../src/lib/version.ts';
import { credentials } from '../e2e/setup-lab.ts';
import { type Repository, startRepository } from './act.ts';
import { nodesOf, pull, why } from './pull.ts';

const CLI = resolve(import.meta.dirname, '../../src/cli.ts');

let folder: string;
let repository: Repository;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'init-'));
});
afterEach(async () => {
  await repository?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs `init` in an empty checkout, with answers as flags for what the checkout itself does not have. */
async function write(checkout: string, lab: Lab): Promise<void> {
  const args = [CLI, 'init', '--yes', '--repository', LAB.repository];
  await promisify(execFile)(process.execPath, args, { cwd: checkout, env: credentials(lab, folder) });
}

it('what init writes checks a push, and leases nothing', async () => {
  repository = await startRepository('pass', 100, { gate: `${REPOSITORY}@v${VERSION}`, write });
  const run = await repository.run('tpu-pull-request.yml', pull('opened'));
  expect(
    Object.entries(run.jobs).filter(([name]) => name.includes('preflight')),
    why(run),
  ).toEqual([[expect.any(String), true]]);
  expect(run.code, why(run)).toBe(0);
  expect(run.log).toMatch(/Nothing was leased, deployed or measured/);
  expect(await nodesOf(repository)).toEqual({ left: [], sizes: [] });
  // The identity that only reads, by the subject of a pull request.
  const { gcp } = await repository.lab.record();
  const accounts = gcp.requests.flatMap(
    ({ path }) => /serviceAccounts\/([^/:]+):generateAccessToken/.exec(path)?.[1] ?? [],
  );
  expect(new Set(accounts)).toEqual(new Set([LAB.preflightEmail]));
  expect(readdirSync(folder)).toEqual(expect.arrayContaining(['adc.json']));
});
