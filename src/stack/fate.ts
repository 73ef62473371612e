import type { Condition } from '../clients/kubernetes/kinds.ts';
import type { Blame } from '../lib/causes.ts';

/**
 * What becomes of a False condition that stays as it is: `ends` names a fault that ends a wait, `progress` a step that
 * takes its time, `beside` something that the service does not need to become Ready.
 */
export type Fate = 'ends' | 'progress' | 'beside';

/** Who wrote the condition: KServe on the service, a gateway on a route or a pool, or any other controller. */
export type Reporter = 'kserve' | 'gateway-on-parent' | 'other';

/**
 * A condition with an error is unchanged for this long before it ends a wait, in milliseconds. controller-runtime tries
 * again after 5 ms, 10 ms, 20 ms and so on: within a minute the controller has failed thirteen times in the same way.
 * (k8s.io/client-go util/workqueue DefaultTypedControllerRateLimiter)
 */
export const CONDITION_MS = 60_000;

/** Words for a fault, as KServe v0.20, Gateway API v1.5.1 and GIE v1.5.0 use them in their reasons. */
const FAULT =
  /(?:Error|NotMet|Failed|NotFound|Missing|Denied|Forbidden|Mismatch|Ambiguous|Conflict|NotValid|NotUsable|Not(?:Supported|Permitted|Allowed)\w*)$|Invalid|Unsupported|^NoValid|^(?:PortUnavailable|Stopped)$/;

/** Types that KServe keeps out of Ready: a routing group, and a warning about the version of Kubernetes. */
const BESIDE: ReadonlySet<string> = new Set(['GroupReady', 'GroupDegraded', 'OciImageVolumeCompatible']);

/** Reasons of a gateway that has not decided yet. */
const UNDECIDED = /^(?:|Pending|Waiting|NotReconciled)$/;

/** The fate of a condition whose status is False. */
export function fateOf({ type, reason = '' }: Pick<Condition, 'type' | 'reason'>, by: Reporter): Fate {
  if (by === 'kserve' && BESIDE.has(type)) return 'beside';
  if (FAULT.test(reason)) return 'ends';
  // KServe makes nothing of a service without its presets, and a gateway serves nothing that it has refused.
  if (by === 'kserve' && type === 'PresetsCombined') return reason === '' ? 'progress' : 'ends';
  if (by === 'gateway-on-parent' && /^(?:Accepted|ResolvedRefs)$/.test(type)) {
    return UNDECIDED.test(reason) ? 'progress' : 'ends';
  }
  return 'progress';
}

/** False conditions that end a wait when they stay. KServe repeats one in its summaries, which are left out then. */
export function faultsAmong(conditions: readonly Condition[], by: Reporter): Condition[] {
  const faults = conditions.filter((one) => one.status === 'False' && fateOf(one, by) === 'ends');
  const isSummary = ({ type }: Condition) => SUMMARIES.indexOf(type) >= 0;
  return faults.filter(
    (one) =>
      !faults.some(
        (other) =>
          other.reason === one.reason &&
          other.message === one.message &&
          (isSummary(other) ? SUMMARIES.indexOf(other.type) : -1) < (isSummary(one) ? SUMMARIES.indexOf(one.type) : -1),
      ),
  );
}

/** From the narrower to the wider. */
const SUMMARIES = ['WorkloadsReady', 'RouterReady', 'Ready'];

/** Words of an API server, of a webhook or of KServe's validation about a field that the author wrote. */
const AUTHOR =
  /\bis invalid: |\b(?:Invalid|Unsupported|Required|Duplicate) value\b|unknown field|denied the request|cannot be (?:parsed|unmarshalled)|cannot unmarshal|failed to (?:parse|unmarshal)/i;
/** Reasons for what the manifest itself refers to, or asks for. */
const AUTHORS_REASON = /^(?:RefsInvalid\w*|Stopped|InvalidRenderedConfig)$/;

/** Who acts on a fault: the author where it names what the manifest holds, else the owner of the cluster. */
export function blameOf({ reason = '', message = '' }: Pick<Condition, 'reason' | 'message'>): Blame {
  return AUTHORS_REASON.test(reason) || AUTHOR.test(message) ? 'change' : 'cluster';
}
