import { cp, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { canonicalJson } from '../../lib/canonical.ts';
import { describe, refOf } from '../kubernetes/objects.ts';
import { renderKustomization } from './kustomize.ts';
import { type Manifest, parseRendered } from './manifests.ts';

export interface ComponentsOptions {
  /** Names of folders of `manifests/components/`, which the caller has checked. */
  components: readonly string[];
  /** Folder of the gate itself, which the components ship with. */
  packageRoot: string;
  namespace: string;
  env: Readonly<Record<string, string | undefined>>;
}

/**
 * The manifests with components of the gate over them, as `kubectl kustomize` renders both. What a component adds is marked
 * as shipped; what it leaves alone keeps its file and lines. A kubectl that is missing or refuses is a Failure.
 */
export async function addComponents(manifests: readonly Manifest[], options: ComponentsOptions): Promise<Manifest[]> {
  const { components, packageRoot, namespace, env } = options;
  const work = await realpath(await mkdtemp(join(tmpdir(), 'components-')));
  try {
    const resources = manifests.map((_, index) => `object-${index}.json`);
    await Promise.all([
      cp(join(packageRoot, 'manifests', 'components'), join(work, 'components'), { recursive: true }),
      ...manifests.map(({ object }, index) => writeFile(join(work, `object-${index}.json`), JSON.stringify(object))),
      writeFile(
        join(work, 'kustomization.yaml'),
        JSON.stringify({
          apiVersion: 'kustomize.config.k8s.io/v1beta1',
          kind: 'Kustomization',
          resources,
          components: components.map((name) => `components/${name}`),
        }),
      ),
    ]);
    const rendered = await renderKustomization({
      root: work,
      folder: work,
      fields: [`the input "components" (${components.join(', ')})`],
      path: env.PATH ?? '',
    });
    const before = new Map(manifests.map((manifest) => [describe(refOf(manifest.object)), manifest]));
    return parseRendered(rendered, 'components', namespace).map((manifest) => {
      const given = before.get(describe(refOf(manifest.object)));
      if (!given) return { ...manifest, shipped: true };
      // kustomize sorts the fields.
      const isSame = canonicalJson(given.object) === canonicalJson(manifest.object);
      return isSame ? given : { ...manifest, file: given.file };
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
