import { createHash } from 'node:crypto';
import type { Manifest } from '../../clients/files/manifests.ts';
import type { ClusterInfo } from '../../clients/google/gke.ts';
import type { Inputs } from '../../inputs/inputs.ts';
import { VERSION } from '../../lib/version.ts';
import type { Environment, VerdictBasis } from '../../report/model.ts';
import { contentHash } from '../../stack/beside.ts';
import type { ServiceRef } from '../../stack/refs.ts';
import type { Prepared, StageContext } from '../context.ts';
import type { ImageDigests } from './images.ts';

/**
 * How this version measures and judges. It changes with the rule, the load or the evidence of a verdict, so that no verdict
 * of an earlier method is taken for one of this.
 */
const METHOD = 1;

/**
 * Inputs that decide nothing about a verdict: who runs where, how long it may take, what it writes. All others are part of
 * the basis, so that an input that is new counts until somebody has thought about it. `pairs`: whatever their number, the
 * limits spend the same chance of error. `prompts` counts by what is in the file. `maxSlowdown` and the base stack decide
 * nothing where both stacks are one, and no other verdict is reused.
 */
const SHAPELESS: ReadonlySet<string> = new Set([
  ...(['mode', 'auth', 'githubToken', 'readOnly', 'apiTimeoutMs', 'dnsEndpoint', 'leaseNamespace', 'guard'] as const),
  ...(['timeoutMs', 'leaseTimeoutMs', 'readyTimeoutMs', 'releaseTimeoutMs', 'busyTimeoutMs', 'onBusy'] as const),
  ...(['pollIntervalMs', 'keep', 'restores', 'forceConflicts', 'environment', 'checkImages', 'outputDir'] as const),
  ...(['comment', 'commentId', 'prNumber', 'failOn', 'summary', 'reuse', 'historyBranch', 'historySeries'] as const),
  ...(['maxCost', 'pricePerChipHourUsd', 'nodes', 'maxNodes', 'restingNodes', 'retire', 'pattern'] as const),
  ...([
    'manifests',
    'baseManifests',
    'baseReplicas',
    'maxSlowdown',
    'control',
    'pairs',
    'lastPass',
    'prompts',
  ] as const),
] satisfies (keyof Inputs)[]);

/**
 * What a verdict rests on, as one hash: the objects that are applied, the digests of their images, the inputs that shape the
 * measurement, method and version of the gate, machines, and the versions of cluster, KServe and Istio. Where a part of it
 * is not known, or is only named by something that can change its meaning, there is no hash but the reason. Pure.
 */
export function verdictBasis(
  { inputs, prompts = null }: Pick<StageContext, 'inputs' | 'prompts'>,
  {
    manifests,
    service,
    cluster,
    planned,
    environment,
    digests,
  }: {
    manifests: readonly Manifest[];
    service: Pick<ServiceRef, 'namespace'>;
    cluster: Pick<ClusterInfo, 'version'>;
    planned: Pick<Prepared, 'pool'>;
    environment: Partial<Environment>;
    digests: ImageDigests | null;
  },
): VerdictBasis {
  const problem = unknownPart(manifests, environment, digests);
  if (problem !== null) return { hash: null, problem, images: [] };
  const images = [...(digests ?? [])].map(([image, digest]) => ({ image, digest: digest ?? '' }));
  const { pool } = planned;
  const parts = {
    gate: [VERSION, METHOD],
    manifests: contentHash(manifests),
    namespace: service.namespace,
    images: images.map(({ image, digest }) => `${image} ${digest}`).sort(),
    inputs: Object.entries(inputs)
      .filter(([name]) => !SHAPELESS.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
    prompts,
    machines: [pool.name, pool.machineType, pool.tpuTopology, pool.spot],
    versions: [cluster.version, environment.kserveVersion, environment.istioVersion],
  };
  return { hash: createHash('sha256').update(JSON.stringify(parts)).digest('hex'), problem: null, images };
}

/** The first part of the basis that cannot be pinned, as a sentence; null where all of it is. */
function unknownPart(
  manifests: readonly Manifest[],
  { kserveVersion = null, istioVersion = null }: Partial<Environment>,
  digests: ImageDigests | null,
): string | null {
  if (kserveVersion === null) return 'The version of KServe cannot be read.';
  if (istioVersion === null) return 'The version of Istio cannot be read.';
  const [open] = [...(digests ?? new Map([['the images', null]]))].flatMap(([image, digest]) =>
    digest === null ? [image] : [],
  );
  if (open !== undefined) {
    return `The digest of image ${open} is not known: its tag may mean another image today. Write the digest, as in image@sha256:….`;
  }
  return manifests.map(({ object }) => movingPart(object, [])).find((text) => text !== null) ?? null;
}

/** A commit of a Hugging Face repository, as KServe takes it behind a colon. */
const PINNED_MODEL = /^hf:\/\/[\w.-]+\/[\w.-]+:[0-9a-f]{40}$/;

/** What an object names whose content is not in the manifests. */
function movingPart(value: unknown, path: readonly string[]): string | null {
  if (value === null || typeof value !== 'object') return null;
  for (const [key, inner] of Object.entries(value)) {
    const at = [...path, key];
    if (key === 'uri' && path.at(-1) === 'model' && typeof inner === 'string') {
      if (!PINNED_MODEL.test(inner) && !inner.startsWith('oci://')) {
        return `The model ${inner} may be another one today: name its commit, as in hf://owner/name:COMMIT with 40 digits.`;
      }
    }
    if ((key === 'imagePullPolicy' || key === 'pullPolicy') && inner === 'Never') {
      return `An image is taken as the node has it (${at.join('.')}: Never).`;
    }
    if (key === 'ref' && path.at(-1) === 'config') return `The stack reads a ConfigMap (${at.join('.')}).`;
    if (typeof inner === 'string' && downloadsModel(inner)) {
      return `A container names a model that it downloads itself (${at.join('.')}), without --revision and a commit.`;
    }
    const named = OUTSIDE[key];
    if (named !== undefined && inner !== null && typeof inner === 'object') {
      return `The stack reads ${named} of the cluster (${at.join('.')}), which the gate does not read.`;
    }
    const found = movingPart(inner, at);
    if (found !== null) return found;
  }
  return null;
}

/** A command line of vLLM with a model that is not a folder of the pod. */
function downloadsModel(text: string): boolean {
  return /--model[ =]+(?![/"'$])[\w.-]+\/[\w.-]+/.test(text) && !/--revision[ =]+[0-9a-f]{40}\b/.test(text);
}

/** Fields that bring content of the cluster into the pods. A Secret holds credentials, and none is what is served. */
const OUTSIDE: Readonly<Record<string, string>> = {
  baseRefs: 'an LLMInferenceServiceConfig',
  configMap: 'a ConfigMap',
  configMapRef: 'a ConfigMap',
  configMapKeyRef: 'a ConfigMap',
  persistentVolumeClaim: 'a volume',
  hostPath: 'a folder of the node',
  nfs: 'a volume',
};
