import { escaped } from '../../lib/pattern.ts';
import { quote, said, troubled, waiting, warned } from '../facts.ts';
import { plainLine } from '../last-words.ts';
import { namespaceOf, type Rule, TEMPLATE, waited } from './rule.ts';

/** Images that could not be pulled or do not run here. */
export const IMAGE_RULES: readonly Rule[] = [
  {
    cause: 'image.rate-limited',
    title: 'The registry limits the rate of pulls',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'waiting with ErrImagePull and "429 Too Many Requests" or "toomanyrequests"',
    match(evidence) {
      const at = waited(evidence)
        ? waiting(troubled(evidence), /ImagePull/, /\b429\b|toomanyrequests|rate limit/i)
        : undefined;
      if (!at) return null;
      return {
        seen: [quote(at, at.container.message)],
        deciding: plainLine(at.container.message),
        explanation: `The registry of ${at.container.image} refuses pulls because there are too many, whoever asks.`,
      };
    },
    remedy: () =>
      'Run again later, pull with credentials of your own, or copy the image to Artifact Registry and name it there.',
  },
  {
    cause: 'image.wrong-platform',
    title: 'The container image has no build for these nodes',
    family: 'pods',
    confidence: 'proven',
    looksLike: '"no match for platform in manifest" or "exec format error"',
    match(evidence) {
      if (!waited(evidence)) return null;
      const placed = troubled(evidence);
      const at = waiting(placed, /ImagePull/, /no match for platform|no matching manifest/i);
      const run = at ? null : said(placed, /exec format error/i);
      const where = at ?? run?.at;
      if (!where) return null;
      return {
        seen: [quote(where, at ? at.container.message : (run?.line ?? ''))],
        deciding: plainLine(at ? at.container.message : (run?.line ?? '')),
        explanation: `${where.container.image} exists, but not for linux/amd64, which the TPU machines are.`,
        where: { text: new RegExp(`image: *["']?${escaped(where.container.image)}`) },
      };
    },
    remedy: () => 'Build or choose the image for linux/amd64.',
  },
  {
    cause: 'image.not-found',
    title: 'The container image does not exist',
    family: 'pods',
    confidence: 'proven',
    looksLike:
      'MANIFEST_UNKNOWN of a registry before the lease, or ErrImagePull with "not found" or "manifest unknown"',
    match({ failure, lines }) {
      if (failure?.code !== 'image-not-found') return null;
      if (failure.stage === 'preflight') return { seen: [...lines], explanation: failure.message };
      const { pod, container, message, image } = failure.evidence;
      return {
        seen: [String(message ?? ''), ...lines].filter((line) => line !== ''),
        deciding: plainLine(String(message ?? '')),
        explanation: `Kubernetes cannot pull ${image || 'the image'}, the image of container ${container} in pod ${pod}: its registry does not know it. Waiting cannot heal this, so the run ended at once.`,
        where: image
          ? { text: new RegExp(`image: *["']?${escaped(String(image))}`) }
          : { path: [...TEMPLATE, 'containers', 0, 'image'] },
      };
    },
    remedy: ({ failure }) =>
      `Correct the image name or tag in the LLMInferenceService, then push.${failure?.stage === 'preflight' && failure.hint ? ` ${failure.hint}` : ''}`,
  },
  {
    cause: 'image.pull-denied',
    title: 'The registry refused the image',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'waiting with ErrImagePull and "unauthorized", 401 or 403',
    match({ failure, lines, ...rest }) {
      if (failure?.code !== 'image-pull-denied') return null;
      const { pod, container, message } = failure.evidence;
      const missing = warned({ failure, lines, ...rest }, /./, /FailedToRetrieveImagePullSecret/);
      const named = /\(([^)]+)\)/.exec(missing[0] ?? '')?.[1];
      return {
        seen: [...missing, String(message ?? ''), ...lines].filter((line) => line !== ''),
        deciding: plainLine(String(message ?? '')),
        explanation: `The registry requires credentials for container ${container} of pod ${pod}${named ? `, and the pull secret ${named} could not be retrieved` : ''}.`,
        where: { path: [...TEMPLATE, 'imagePullSecrets'] },
      };
    },
    remedy: (evidence) =>
      `Create the pull secret that imagePullSecrets names: kubectl -n ${namespaceOf(evidence)} create secret docker-registry NAME --docker-server=… --docker-username=… --docker-password=…`,
  },
];
