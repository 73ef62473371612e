import { execFileSync, spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findProgram, runIsolated } from '../../src/clients/files/isolated.ts';
import { loadManifests } from '../../src/clients/files/manifests.ts';
import { guard } from '../../src/stages/preflight/guard.ts';
import { HONEST_KUSTOMIZATIONS, HOSTILE_KUSTOMIZATIONS, MAP } from '../fixtures/guard/kustomizations.ts';
import { withTree } from '../unit/clients/files/tree.ts';
import { ROOT } from '../unit/manifests/files.ts';
import { someInputs } from '../unit/stages/fakes.ts';

const PATH = process.env.PATH ?? '';

describe('an honest kustomization', () => {
  it.each(HONEST_KUSTOMIZATIONS.map((each) => [each[0], each] as const))(
    'is rendered: %s',
    async (_, [, tree, names]) => {
      await withTree(tree, async (root) => {
        const manifests = await loadManifests({ path: 'deploy', root, namespace: 'serving', env: { PATH } });
        expect(manifests.map(({ object }) => object.metadata.name).sort()).toEqual([...names].sort());
      });
    },
  );

  it('with every component that ships with the gate is rendered, and taken by the guard', async () => {
    const namespace = 'llm-d-inference-scheduling';
    const path = 'test/unit/manifests/fixtures/overlay';
    const manifests = await loadManifests({ path, root: ROOT, namespace, env: { PATH } });
    expect(manifests).toHaveLength(18);
    const inputs = {
      'allowed-kinds': 'LLMInferenceService, NetworkPolicy, DestinationRule, EnvoyFilter',
      'allowed-namespaces': 'opendatahub',
    };
    expect(guard(manifests, someInputs(inputs).guard)).toEqual([]);
    expect(guard(manifests, someInputs().guard).map(({ rule }) => rule)).toEqual(['kind']);
  });
});

describe('a hostile kustomization', () => {
  it.each(HOSTILE_KUSTOMIZATIONS.map((each) => [each[0], each] as const))('is refused: %s', async (_, [, tree]) => {
    await withTree(tree, async (root) => {
      const loaded = loadManifests({ path: 'deploy', root, namespace: 'serving', env: { PATH } });
      await expect(loaded).rejects.toMatchObject({ code: 'bad-manifest' });
    });
  });
});

/** What kubectl does with texts that no check has seen: it is the isolation alone that holds it. */
describe('kubectl itself', () => {
  let server: Server;
  let asked: string[];
  let folder = '';
  let address = '';
  beforeEach(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'kubectl-')));
    await Promise.all(['empty', 'tree', 'bin'].map((name) => mkdir(join(folder, name))));
    asked = [];
    server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.end(MAP);
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const own = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const outer = own.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
    address = `${outer}:${(server.address() as AddressInfo).port}`;
    await writeFile(join(folder, 'bin/git'), `#!/bin/sh\necho ran > ${folder}/git-ran\nexit 1\n`);
    await chmod(join(folder, 'bin/git'), 0o755);
  });
  afterEach(async () => {
    server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function render(text: string, unshare = true) {
    const files = { 'deploy/kustomization.yaml': text, 'deploy/a.yaml': MAP, '../secret/a.yaml': MAP };
    for (const [name, content] of Object.entries(files)) {
      const file = join(folder, 'tree', name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content);
    }
    const kubectl = (await findProgram('kubectl', PATH)) ?? '';
    const path = unshare ? `${join(folder, 'bin')}:${PATH}` : join(folder, 'bin');
    const options = {
      cwd: join(folder, 'tree'),
      emptyFolder: join(folder, 'empty'),
      path,
      timeoutMs: 30_000,
      mostBytes: 2 ** 20,
    };
    return { kubectl, result: await runIsolated(kubectl, ['kustomize', join(folder, 'tree/deploy')], options) };
  }

  it.each([
    ['a resource', () => `resources: ["http://${address}/a.yaml"]\n`],
    ['a repository', () => `Resources: ["http://${address}/org/repo.git"]\n`],
    ['a repository by ssh', () => 'Bases: ["git@example.invalid:org/repo"]\n'],
    ['a repository of a user', () => 'Resources: ["user@example.invalid:repo"]\n'],
    ['a patch', () => `resources: [a.yaml]\npatches: [{path: "http://${address}/p.yaml"}]\n`],
    ['a schema', () => `resources: [a.yaml]\nopenapi: {path: "http://${address}/s.json"}\n`],
  ])('fetches nothing: %s', async (_, text) => {
    for (const unshare of [true, false]) expect((await render(text(), unshare)).result.exitCode).not.toBe(0);
    expect(asked).toEqual([]);
    expect(() => execFileSync('cat', [join(folder, 'git-ran')], { stdio: 'pipe' })).toThrow();
  });

  it.each([
    ['a file beside', 'resources: [../../secret/a.yaml]\n'],
    ['a patch beside', 'resources: [a.yaml]\npatches: [{path: ../../secret/a.yaml}]\n'],
    ['a plugin', 'resources: [a.yaml]\ngenerators: [a.yaml]\n'],
    ['helm', 'helmCharts: [{name: x, repo: "http://example.invalid"}]\n'],
  ])('takes no %s', async (_, text) => {
    expect((await render(text)).result.exitCode).not.toBe(0);
  });

  it('would have fetched the same without isolation, so that the above means something', async () => {
    const { kubectl } = await render(`resources: ["http://${address}/a.yaml"]\n`);
    expect(asked).toEqual([]);
    const child = spawn(kubectl, ['kustomize', join(folder, 'tree/deploy')], { stdio: 'ignore' });
    await new Promise((resolve) => child.on('close', resolve));
    expect(asked).toContain('/a.yaml');
  });
});
