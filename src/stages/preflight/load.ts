import { Failure } from '../../lib/failure.ts';
import { BUNDLE_LIMIT_BYTES, bundleBytes } from '../benchmark/cluster/job.ts';
import type { StageContext } from '../context.ts';
import { isAllowedImage } from './guard-never.ts';
import type { Look } from './table.ts';

/** Whether the load clients in the cluster may have their image, and whether their program and prompts find room. */
export async function checkLoad({
  inputs,
  prompts = null,
  loadScript,
}: Pick<StageContext, 'inputs' | 'prompts' | 'loadScript'>): Promise<Look> {
  const { loadImage, guard, loadShards } = inputs;
  if (!isAllowedImage(loadImage, guard.registries)) {
    throw new Failure({
      ...{ stage: 'preflight', code: 'load-image' },
      message: `"load-image" is ${loadImage}, whose registry is not one of the allowed ones (${guard.registries.join(', ')}).`,
      hint: 'Add its repository to "allowed-registries", such as docker.io/library/node.',
    });
  }
  const bytes = bundleBytes(loadScript ?? '', prompts);
  if (bytes > BUNDLE_LIMIT_BYTES) {
    throw new Failure({
      ...{ stage: 'preflight', code: 'load-prompts-size' },
      message: `The prompts and the program of the load clients have ${bytes} bytes, and a ConfigMap holds ${BUNDLE_LIMIT_BYTES}.`,
      hint: 'Give fewer prompts, or measure with "load-from: runner".',
    });
  }
  return { seen: `${loadShards} load clients in the cluster, from ${loadImage}` };
}
