import type { Manifest } from '../../clients/files/manifests.ts';
import type { ImageAnswer, RegistryClient } from '../../clients/registry/client.ts';
import { type ImageReference, imageReference } from '../../clients/registry/reference.ts';
import { registryRow } from '../../clients/registry/refusals.ts';
import type { Refusal } from '../../lib/refusal.ts';
import { findingsFailure, type PlacedFinding } from './findings.ts';
import { shown } from './guard-context.ts';
import type { Seen } from './table.ts';

type Path = readonly (string | number)[];

/** An image that the manifests name. */
interface Named {
  text: string;
  manifest: Manifest;
  path: Path;
  /** The pods come with credentials for registries. */
  hasSecret: boolean;
  /** The container that has it; null for a model or a volume. */
  container: string | null;
}

/** The digest that each image of the manifests means, by its text; null where it is not known. */
export type ImageDigests = ReadonlyMap<string, string | null>;

/** A registry is asked about so many images of a run at most. */
const MOST_IMAGES = 8;

/**
 * Whether the images of the manifests exist, as far as an anonymous reader is shown: each is asked for once, all of them side
 * by side. Only a registry that says by a reason of its own that it does not have the image fails the line. A private image,
 * a limit, an outage or no reply says nothing of it. The guard has refused images of other registries before.
 */
export async function checkImages(
  registry: RegistryClient | null,
  manifests: readonly Manifest[],
): Promise<Seen<ImageDigests>> {
  const named = manifests.flatMap((manifest) => imagesIn(manifest.object, manifest));
  const names = [...new Set(named.map(({ text }) => text))];
  const value = new Map(names.map((text) => [text, writtenDigest(text)]));
  if (named.length === 0) return { value, seen: 'the manifests name none' };
  if (registry === null) return { value, outcome: 'not-checked', seen: 'no registry is asked ("check-images: off")' };
  const asked = await Promise.all(
    names.slice(0, MOST_IMAGES).map(async (text) => ({ text, ...(await lookUp(registry, text)) })),
  );
  const unseen = names.slice(MOST_IMAGES).map((text) => `${shown(text)} (one of more than ${MOST_IMAGES})`);
  const there: string[] = [];
  const missing: (PlacedFinding & { image: string })[] = [];
  for (const { text, image, answer } of asked) {
    const uses = named.filter((one) => one.text === text);
    if (answer.is === 'there') {
      there.push(shown(text));
      value.set(text, answer.digest);
    } else if (answer.is === 'unseen' || image === null) {
      unseen.push(`${shown(text)} (${answer.is === 'unseen' ? answer.why : 'it is not a reference'})`);
    } else {
      const why = whyUnseen(answer.refusal, image, uses);
      if (why !== null) unseen.push(`${shown(text)} (${why})`);
      else missing.push(...uses.map((use) => absent(use, image, answer.refusal)));
    }
  }
  const [first] = missing;
  if (first) throw findingsFailure('image-not-found', missing, { facts: { image: first.image } });
  const seen = there.length > 0 ? `${there.join(', ')}: there` : null;
  if (unseen.length === 0) return { value, seen: seen ?? '' };
  return {
    value,
    outcome: 'not-checked',
    seen: [...(seen ? [seen] : []), `not looked at: ${unseen.join(', ')}`].join('; '),
  };
}

/** A reference with a digest means nothing else, whoever is asked. */
function writtenDigest(text: string): string | null {
  const image = imageReference(text);
  return image?.isDigest ? image.version : null;
}

async function lookUp(
  registry: RegistryClient,
  text: string,
): Promise<{ image: ImageReference | null; answer: ImageAnswer }> {
  const image = imageReference(text);
  if (!image) return { image, answer: { is: 'unseen', why: 'it is not a reference' } };
  return { image, answer: await registry.lookUp(image) };
}

/** Why a refusal does not show that the image is missing; null where it does. */
function whyUnseen(refusal: Refusal, image: ImageReference, uses: readonly Named[]): string | null {
  const row = registryRow(refusal);
  const { registry } = image;
  switch (row?.code) {
    case 'image-not-found':
      // Some registries hide what is private behind the same reason.
      return isHidden(refusal) && uses.some(({ hasSecret }) => hasSecret)
        ? `${registry} does not show it without credentials`
        : null;
    case 'image-private':
      return `${registry} requires credentials`;
    case 'registry-limit':
      return `${registry} limits requests: HTTP ${refusal.status}`;
    case 'registry-down':
      return `${registry} returned HTTP ${refusal.status}`;
    default:
      return `${registry} returned HTTP ${refusal.status} without a reason that is known`;
  }
}

const isHidden = ({ reasons }: Refusal) => !reasons.includes('MANIFEST_UNKNOWN');

function absent(
  { text, manifest, path, container }: Named,
  image: ImageReference,
  refusal: Refusal,
): PlacedFinding & { image: string } {
  const place = { ...image, repository: `${image.registry}/${image.repository}` };
  const what = refusal.reasons.includes('NAME_UNKNOWN') ? 'repository' : image.isDigest ? 'digest' : 'tag';
  const words = [refusal.reasons[0], ...(refusal.text ? [shown(refusal.text)] : [])].join(': ');
  const whose = container === null ? '' : ` of container ${shown(container)}`;
  return {
    ...{ manifest, path, image: text },
    says: `image ${shown(text)}${whose} does not exist: ${image.registry} does not have the ${what} (${words})`,
    fix: registryRow(refusal)?.remedy(refusal, place) ?? 'Correct the name of the image.',
  };
}

/** Images at any depth: of containers, of image volumes, of models. One that the node must have already is nobody's to pull. */
function imagesIn(value: unknown, manifest: Manifest, path: Path = [], hasSecret = false): Named[] {
  if (value === null || typeof value !== 'object') return [];
  const { imagePullSecrets, imagePullPolicy, pullPolicy, name } = value as Record<string, unknown>;
  const secret = hasSecret || (Array.isArray(imagePullSecrets) && imagePullSecrets.length > 0);
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    if (typeof inner !== 'string') return imagesIn(inner, manifest, at, secret);
    const isVolume = key === 'reference' && path.at(-1) === 'image';
    const isModel = key === 'uri' && inner.startsWith('oci://');
    if (key !== 'image' && !isVolume && !isModel) return [];
    if (imagePullPolicy === 'Never' || pullPolicy === 'Never' || inner === '') return [];
    const container = key === 'image' && typeof name === 'string' ? name : null;
    return [{ text: isModel ? inner.slice('oci://'.length) : inner, manifest, path: at, hasSecret: secret, container }];
  });
}
