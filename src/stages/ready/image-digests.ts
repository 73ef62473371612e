import type { Pod } from '../../clients/kubernetes/kinds.ts';
import type { VerdictBasis } from '../../report/model.ts';
import { containerStatuses } from '../../stack/pods.ts';

/**
 * The basis of a verdict, held against the digests that the nodes run. A node may have an older image of a tag, and the tag
 * may have moved since preflight: then the basis has no hash, and nobody reuses the verdict. Pure.
 */
export function provenBasis(basis: VerdictBasis, pods: readonly Pod[]): VerdictBasis {
  const statuses = pods.flatMap((pod) =>
    containerStatuses(pod).map((status) => ({
      imageId: status.imageID ?? '',
      image: containersOf(pod).find(({ name }) => name === status.name)?.image,
    })),
  );
  const open = basis.images
    .filter(({ image }) => !image.includes('@'))
    .find(({ image, digest }) => {
      const own = statuses.filter((status) => status.image === image);
      return own.length === 0 || own.some(({ imageId }) => !imageId.endsWith(`@${digest}`));
    });
  if (!open) return basis;
  return {
    ...basis,
    hash: null,
    problem: `The pods do not prove that image ${open.image} is ${open.digest}, as its registry had it before the lease.`,
  };
}

function containersOf({ spec }: Pod): { name: string; image?: string | undefined }[] {
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
}
