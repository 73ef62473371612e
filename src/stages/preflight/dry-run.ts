import { allAtManifests, atManifest } from '../../clients/files/manifest-failure.ts';
import type { Manifest } from '../../clients/files/manifests.ts';
import { Failure } from '../../lib/failure.ts';
import type { StageContext } from '../context.ts';
import type { RefuseLiving } from './existing.ts';
import type { Look } from './table.ts';

/** Refusals that concern one manifest and say nothing of the others. */
const OF_A_MANIFEST: ReadonlySet<string> = new Set([
  'manifest-refused',
  'manifest-exported',
  'manifest-immutable',
  'kind-unknown',
  'admission-refused',
  'namespace-quota',
  'kube-refused',
  'kube-permission',
  'owned-by-run',
]);

/**
 * Sends every manifest to the API server without effect, and reports all refusals at once. `onNew` is called for each that
 * would make an object.
 */
export async function dryRun(
  context: StageContext,
  manifests: readonly Manifest[],
  refuseLiving: RefuseLiving,
  onNew: (manifest: Manifest) => void = () => {},
): Promise<Look> {
  const { kube, signal, inputs } = context;
  // Kubernetes asks for the right to write for a dry run as well.
  if (inputs.readOnly) return { outcome: 'not-checked', seen: 'the identity may only read ("read-only")' };
  const refused: Failure[] = [];
  for (const manifest of manifests) {
    try {
      // A foreign manager's fields are judged at the apply itself, where taking over is a choice.
      // What comes back has the marks of an object that is there already.
      const onExistence = (existed: boolean) => {
        if (!existed) onNew(manifest);
      };
      await refuseLiving(await kube.apply(manifest.object, { dryRun: true, force: true, onExistence }));
    } catch (error) {
      signal.throwIfAborted();
      const failure = atManifest(error, 'preflight', manifest);
      // A cluster that does not answer would be asked again for each of them.
      if (!(failure instanceof Failure) || !OF_A_MANIFEST.has(failure.code)) throw failure;
      refused.push(failure);
    }
  }
  if (refused.length > 0) throw allAtManifests(refused);
  return { seen: `${manifests.length} objects accepted, validated strictly` };
}
