import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadManifests, type Manifest } from '../../../../src/clients/files/manifests.ts';

let outer = '';
let root = '';
beforeEach(async () => {
  outer = await realpath(await mkdtemp(join(tmpdir(), 'manifests-')));
  root = join(outer, 'workspace');
  await mkdir(root);
});
afterEach(() => {
  vi.unstubAllEnvs();
  return rm(outer, { recursive: true, force: true });
});

async function files(tree: Record<string, string>, base = root): Promise<void> {
  for (const [name, text] of Object.entries(tree)) {
    await mkdir(dirname(join(base, name)), { recursive: true });
    await writeFile(join(base, name), text);
  }
}

function load(path: string): Promise<Manifest[]> {
  return loadManifests({ path, root, namespace: 'serving', env: process.env });
}

const map = (name: string, more = '') => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${more}`;
const list = (...resources: string[]) => `resources:\n${resources.map((name) => `  - ${name}\n`).join('')}`;
const shown = (manifests: Manifest[]) =>
  manifests.map(
    ({ object, file, line }) => `${file}:${line ?? '-'} ${object.metadata.namespace}/${object.metadata.name}`,
  );

describe('files and folders', () => {
  it('are read in order, with the line of each document', async () => {
    await files({
      'deploy/b.yml': `# a comment\n---\n# another\n${map('b1')}---\n${map('b2')}---\n`,
      'deploy/a.yaml': map('a'),
      'deploy/c.json': JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }),
      'deploy/README.md': 'not a manifest',
      'deploy/deeper/d.yaml': map('d'),
      'deploy/deeper/still/e.yaml': map('e'),
      'deploy/deeper/results.json': '{"requests": 1}',
      'deploy/.hidden/f.yaml': map('f'),
    });
    expect(shown(await load('deploy'))).toEqual([
      'deploy/a.yaml:1 serving/a',
      'deploy/b.yml:4 serving/b1',
      'deploy/b.yml:9 serving/b2',
      'deploy/c.json:1 serving/c',
      'deploy/deeper/d.yaml:1 serving/d',
      'deploy/deeper/still/e.yaml:1 serving/e',
    ]);
    expect(shown(await load('deploy/b.yml'))).toHaveLength(2);
    expect(shown(await load(join(root, 'deploy/a.yaml')))).toEqual(['deploy/a.yaml:1 serving/a']);
  });

  it('below a plain folder may have no kustomization of their own, which would be half of two', async () => {
    await files({ 'deploy/a.yaml': map('a'), 'deploy/overlay/kustomization.yaml': list('b.yaml') });
    await expect(load('deploy')).rejects.toThrow(
      'deploy/overlay has a kustomization of its own, and deploy has none that lists it',
    );
  });

  it('that cannot be read are named, also in a subfolder', async () => {
    await files({ 'deploy/a.yaml': map('a'), 'deploy/charts/b.yaml': 'apiVersion: v1\nkind: {{ .Kind }}\n' });
    await expect(load('deploy')).rejects.toThrow('deploy/charts/b.yaml');
  });

  it('may lie in a folder whose name begins with dots', async () => {
    await files({ '..deploy/a.yaml': map('a') });
    expect(await load('..deploy')).toHaveLength(1);
  });

  it('are named by their way from the workspace, also when that is a link', async () => {
    await files({ 'deploy/a.yaml': map('a') });
    await symlink(root, join(outer, 'link'));
    const manifests = await loadManifests({ path: 'deploy', root: join(outer, 'link'), namespace: 'serving', env: {} });
    expect(shown(manifests)).toEqual(['deploy/a.yaml:1 serving/a']);
    const missing = loadManifests({ path: 'gone', root: join(outer, 'link'), namespace: 'serving', env: {} });
    await expect(missing).rejects.toThrow('gone does not exist.');
  });

  it('keep their namespace, and cluster-scoped objects have none', async () => {
    await files({
      'a.yaml': `${map('own', '  namespace: theirs\n')}---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: serving\n`,
    });
    expect((await load('a.yaml')).map(({ object }) => object.metadata.namespace)).toEqual(['theirs', undefined]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['that do not exist', {}, 'deploy does not exist.'],
    ['that are empty', { 'deploy/README.md': '' }, 'deploy holds no Kubernetes object.'],
    ['that hold only comments', { 'deploy/a.yaml': '# nothing\n---\n' }, 'deploy holds no Kubernetes object.'],
    [
      'without a kind',
      { 'deploy/a.yaml': `${map('a')}---\nname: x\n` },
      'deploy/a.yaml:6 is a document without apiVersion, kind',
    ],
    ['that are no YAML', { 'deploy/a.yaml': 'a: [1' }, 'deploy/a.yaml: '],
    ['that are a list', { 'deploy/a.yaml': '- a\n' }, 'deploy/a.yaml:1 is a document without'],
  ])('%s are a failure that says so', async (_, tree, text) => {
    await files(tree);
    await expect(load('deploy')).rejects.toMatchObject({
      code: 'bad-manifest',
      blame: 'change',
      message: expect.stringContaining(text),
    });
  });

  it('may not be a YAML bomb', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, n) => `  l${n + 1}: &l${n + 1} [${'*l0,'.replace('0', String(n)).repeat(9)}]`,
    );
    await files({ 'bomb.yaml': map('bomb', `data:\n  l0: &l0 lol\n${levels.join('\n')}\n`) });
    await expect(load('bomb.yaml')).rejects.toMatchObject({
      code: 'bad-manifest',
      message: expect.stringContaining('YAML aliases are not taken'),
    });
  });
});

describe('the workspace is not left', () => {
  beforeEach(() => files({ 'secret.yaml': map('secret'), 'outside/a.yaml': map('a') }, outer));

  it('by ..', async () => {
    await expect(load('../secret.yaml')).rejects.toThrow(
      'secret.yaml lies outside of workspace; only files below it are read.',
    );
    await expect(load('..')).rejects.toThrow('lies outside of workspace');
  });

  it('by an absolute path', async () => {
    await expect(load(join(outer, 'secret.yaml'))).rejects.toThrow('lies outside of workspace');
  });

  it.each(['a.yaml', 'kustomization.yaml'])('by a link named %s in a folder', async (name) => {
    await mkdir(join(root, 'deploy'));
    await writeFile(join(outer, 'target.yaml'), name === 'a.yaml' ? map('a') : list('b.yaml'));
    await symlink(join(outer, 'target.yaml'), join(root, 'deploy', name));
    await files({ 'deploy/b.yaml': map('b') });
    await expect(load('deploy')).rejects.toThrow(`${name} lies outside of workspace`);
  });

  it('by a link within, so that what is read is what a reviewer saw', async () => {
    await files({ 'deploy/a.yaml': map('a'), 'other/b.yaml': map('b') });
    await symlink(join(root, 'other', 'b.yaml'), join(root, 'deploy', 'b.yaml'));
    await expect(load('deploy')).rejects.toThrow('deploy/b.yaml is or lies behind a symbolic link');
    await symlink(join(root, 'other'), join(root, 'folder'));
    await files({ 'plain/a.yaml': map('a') });
    await symlink(join(root, 'other'), join(root, 'plain/linked'));
    await expect(load('plain')).rejects.toThrow('linked is or lies behind a symbolic link');
    await expect(load('folder')).rejects.toThrow('folder is or lies behind a symbolic link');
  });

  it.each(['generators', 'transformers', 'configMapGenerator', 'secretGenerator', 'helmCharts'])(
    'by a kustomization with %s',
    async (field) => {
      await files({
        'deploy/kustomization.yaml': `${field}:\n  - x.yaml\n${list('a.yaml')}`,
        'deploy/a.yaml': map('a'),
      });
      await expect(load('deploy')).rejects.toThrow(`deploy/kustomization.yaml has ${field}: plugins and generators`);
      await files({ 'outer/kustomization.yaml': `namePrefix: x-\n${list('../deploy')}` });
      await expect(load('outer')).rejects.toThrow('plugins and generators are not run');
    },
  );

  it('by size or number', async () => {
    await files({ 'big/a.yaml': map('a', `data:\n  x: ${'y'.repeat(1024 * 1024)}\n`) });
    await expect(load('big')).rejects.toThrow('at most 1048576 are read of one manifest');
    await files({ 'many/a.yaml': Array.from({ length: 201 }, (_, index) => map(`m${index}`)).join('---\n') });
    await expect(load('many')).rejects.toThrow('holds 201 objects; at most 200 are taken');
  });

  it.each(['../../outside', '../../secret.yaml'])('by a base %s', async (base) => {
    await files({ 'deploy/kustomization.yaml': list(base) });
    await expect(load('deploy')).rejects.toThrow('lies outside of workspace');
  });

  it('by a base that only kubectl would read', async () => {
    await files({
      'deploy/kustomization.yaml': `namePrefix: x-\n${list('../base')}`,
      'base/kustomization.yaml': list('../../outside/a.yaml'),
    });
    await expect(load('deploy')).rejects.toThrow('a.yaml lies outside of workspace');
  });
});

describe('a kustomization', () => {
  const plain = {
    'deploy/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n${list('z.yaml', '../base')}`,
    'deploy/z.yaml': map('z'),
    'deploy/ignored.yaml': map('ignored'),
    'base/kustomization.yml': list('b.yaml'),
    'base/b.yaml': map('b'),
  };

  it('that only lists is read here, in its order, without kubectl', async () => {
    await files(plain);
    vi.stubEnv('PATH', '/nonexistent');
    expect(shown(await load('deploy'))).toEqual(['deploy/z.yaml:1 serving/z', 'base/b.yaml:1 serving/b']);
  });

  it('that transforms needs kubectl, and says so when there is none', async () => {
    await files({ ...plain, 'deploy/kustomization.yaml': `namePrefix: x-\nimages: []\n${list('z.yaml')}` });
    vi.stubEnv('PATH', '/nonexistent');
    await expect(load('deploy')).rejects.toMatchObject({
      code: 'kubectl-missing',
      blame: 'config',
      message: expect.stringMatching(
        /^deploy uses namePrefix, images, which kubectl must render, and kubectl could not be run/,
      ),
      hint: expect.stringContaining('Install kubectl'),
    });
  });

  it.each([
    'https://example.com/base',
    'github.com/org/repo//base?ref=v1',
    'github.com/org/repo',
    'git@github.com:org/repo.git',
    'ssh://git@example.com/repo',
    'file:///etc/passwd',
  ])('may not name a remote base: %s', async (base) => {
    await files({
      'plain/kustomization.yaml': list(base),
      'deploy/kustomization.yaml': `namePrefix: x-\n${list('../nested')}`,
      'nested/kustomization.yaml': `namePrefix: y-\n${list(base)}`,
    });
    await expect(load('plain')).rejects.toThrow(`names a remote base: ${base}.`);
    await expect(load('deploy')).rejects.toThrow(`nested names a remote base: ${base}.`);
  });

  it.each(['', 'namePrefix: x-\n'])('may not include itself (%j)', async (field) => {
    await files({ 'a/kustomization.yaml': field + list('../b'), 'b/kustomization.yaml': field + list('../a') });
    await expect(load('a')).rejects.toThrow('a includes itself.');
  });

  it('must be one', async () => {
    await files({ 'deploy/kustomization.yaml': 'just words', 'other/kustomization.yaml': 'a: [1' });
    await expect(load('deploy')).rejects.toThrow('deploy/kustomization.yaml is not a kustomization.');
    await expect(load('other')).rejects.toMatchObject({ code: 'bad-manifest' });
  });
});
