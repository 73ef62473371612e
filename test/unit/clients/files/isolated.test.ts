import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, runIsolated } from '../../../../src/clients/files/isolated.ts';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'isolated-'));
  await mkdir(join(folder, 'empty'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function script(name: string, text: string): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, `#!/bin/sh\n${text}\n`);
  await chmod(file, 0o755);
  return file;
}

const run = (program: string, limits: { timeoutMs?: number; mostBytes?: number } = {}) =>
  runIsolated(program, ['one'], {
    cwd: folder,
    emptyFolder: join(folder, 'empty'),
    path: '/nonexistent',
    ...{ timeoutMs: 20_000, mostBytes: 10_000, ...limits },
  });

describe('an isolated program', () => {
  it('has no other program, no home, no credential and no proxy', async () => {
    process.env.GATE_TEST_SECRET = 'hush';
    const { exitCode, stdout } = await run(
      await script('p', 'echo "$1 $PATH $HOME $GATE_TEST_SECRET"; set; git --version'),
    );
    delete process.env.GATE_TEST_SECRET;
    const empty = join(folder, 'empty');
    expect(stdout).toMatch(new RegExp(`^one ${empty} ${empty} \\n`));
    expect(stdout).not.toContain('hush');
    expect(stdout).toContain("https_proxy='http://127.0.0.1:9'");
    // A shell's code for a program that it does not find.
    expect(exitCode).toBe(127);
  });

  it('is ended with what it started when it takes too long', async () => {
    const mark = join(folder, 'mark');
    const started = Date.now();
    const text = `(/bin/sleep 2; echo late > ${mark}) & /bin/sleep 60`;
    const result = await run(await script('p', text), { timeoutMs: 300 });
    expect(result).toMatchObject({ exitCode: null, ended: 'time' });
    expect(Date.now() - started).toBeLessThan(15_000);
    await sleep(2_500);
    await expect(readFile(mark)).rejects.toThrow('ENOENT');
  });

  it('is ended when it writes too much', async () => {
    const result = await run(await script('p', 'while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy; done'));
    expect(result).toMatchObject({ exitCode: null, ended: 'output' });
  });

  it('leaves nobody behind that keeps its output open', async () => {
    const result = await run(await script('p', '/bin/sleep 60 & echo done'));
    expect(result).toMatchObject({ exitCode: 0, stdout: 'done\n', ended: null });
  });

  it('has a network of its own where unshare gives one, and runs without where it does not', async () => {
    await mkdir(join(folder, 'bin'));
    const program = await script('p', 'echo plain');
    const options = {
      cwd: folder,
      emptyFolder: join(folder, 'empty'),
      path: join(folder, 'bin'),
      timeoutMs: 20_000,
      mostBytes: 1_000,
    };
    await script('bin/unshare', 'echo "unshared $*"');
    expect((await runIsolated(program, [], options)).stdout).toBe(`unshared --map-root-user --net -- ${program}\n`);
    await script('bin/unshare', 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1');
    expect(await runIsolated(program, [], options)).toMatchObject({ exitCode: 0, stdout: 'plain\n' });
  });

  it('is found in absolute folders of a PATH alone', async () => {
    const program = await script('p', '');
    expect(await findProgram('p', `:.:relative:/nonexistent:${folder}`)).toBe(program);
    expect(await findProgram('p', '.:')).toBeNull();
  });
});

describe('kubectl', () => {
  it('gets a copy of what the kustomization leads to, and nothing else', async () => {
    const root = join(folder, 'workspace');
    await mkdir(join(root, 'deploy'), { recursive: true });
    await writeFile(join(root, 'deploy/kustomization.yaml'), 'namePrefix: x-\nresources: [a.yaml]\n');
    await writeFile(join(root, 'deploy/a.yaml'), 'a: b\n');
    await writeFile(join(root, 'deploy/token.txt'), 'hush\n');
    await writeFile(join(root, '.npmrc'), 'hush\n');
    await mkdir(join(folder, 'bin'));
    const text =
      'echo "apiVersion: v1"; echo "kind: ConfigMap"; echo "metadata: {name: a}"; echo "data:"; echo "  args: \'$*\'"; echo "  files: \'$(/bin/ls -aR . | /bin/grep -v : | /usr/bin/tr "\\n" " ")\'"';
    await script('bin/kubectl', text);
    const env = { PATH: join(folder, 'bin'), SECRET: 'hush' };
    const [manifest] = await loadManifests({ path: 'deploy', root, namespace: 'serving', env });
    const data = manifest?.object.data as { args: string; files: string };
    expect(data.args).toMatch(
      /^kustomize \/.*\/tree\/deploy --load-restrictor=LoadRestrictionsRootOnly --enable-helm=false --enable-alpha-plugins=false$/,
    );
    expect(data.files.split(/\s+/).filter((name) => /[a-z]/.test(name))).toEqual([
      'deploy',
      'a.yaml',
      'kustomization.yaml',
    ]);
  });
});
