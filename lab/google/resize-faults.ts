import type { GcpConfig } from '../protocol.ts';
import type { ResizeFault } from '../scenarios/types.ts';
import type { Settled } from './instance-group.ts';

/** `StatusCondition` of a node pool. */
export interface Condition {
  code: 'GCE_STOCKOUT' | 'GCE_QUOTA_EXCEEDED' | 'UNKNOWN';
  canonicalCode: 'RESOURCE_EXHAUSTED' | 'PERMISSION_DENIED' | 'INTERNAL';
  message: string;
}

/** Numbers of `google.rpc.Code`. */
const RPC_CODES = { RESOURCE_EXHAUSTED: 8, PERMISSION_DENIED: 7, INTERNAL: 13 };

/** Why a scale-up failed, with GKE's text for it as quoted in public reports. */
export function failedResize(
  outcome: Omit<Settled, 'failed'> & NonNullable<Settled['failed']>,
  config: GcpConfig,
): { code: number; message: string; condition: Condition } {
  const { code, canonicalCode, words } = wordsOf(outcome.reason, config);
  const minutes = Math.floor(outcome.seconds / 60);
  const waited = `${minutes}m${(outcome.seconds % 60).toFixed(9)}s`;
  const errors = outcome.names.map(words);
  const message =
    `Google Compute Engine: Not all instances running in IGM after ${waited}. Expected ${outcome.expected}, ` +
    `running ${outcome.running}, transitioning ${outcome.names.length}. Current errors: ${errors.join('; ')}`;
  return { code: RPC_CODES[canonicalCode], message, condition: { code, canonicalCode, message } };
}

interface Words {
  code: Condition['code'];
  canonicalCode: Condition['canonicalCode'];
  /** What GKE quotes of Compute Engine about an instance of that name. */
  words: (name: string) => string;
}

function wordsOf(reason: ResizeFault['reason'], config: GcpConfig): Words {
  if (typeof reason === 'string') return reasons(config)[reason];
  const [, bracketed = '[UNKNOWN]', sentence = ''] = /^(\[\w+\]): ([\s\S]*)$/.exec(reason.words) ?? [];
  return {
    code: 'UNKNOWN',
    canonicalCode: 'INTERNAL',
    words: (name) => `${bracketed}: Instance '${name}' creation failed: ${sentence}`,
  };
}

function reasons({ project, location }: GcpConfig) {
  const region = location.replace(/-[a-z]$/, '');
  return {
    stockout: {
      code: 'GCE_STOCKOUT',
      canonicalCode: 'RESOURCE_EXHAUSTED',
      words: (name: string) =>
        `[GCE_STOCKOUT]: Instance '${name}' creation failed: The zone 'projects/${project}/zones/${location}' does ` +
        `not have enough resources available to fulfill the request.  '(resource type:compute)'.`,
    },
    quota: {
      code: 'GCE_QUOTA_EXCEEDED',
      canonicalCode: 'RESOURCE_EXHAUSTED',
      words: (name: string) =>
        `[GCE_QUOTA_EXCEEDED]: Instance '${name}' creation failed: Quota 'TPUS_PER_TPU_FAMILY' exceeded.  ` +
        `Limit: 8.0 in region ${region}.`,
    },
    'service-account': {
      code: 'UNKNOWN',
      canonicalCode: 'PERMISSION_DENIED',
      words: (name: string) =>
        `[SERVICE_ACCOUNT_ACCESS_DENIED]: Instance '${name}' creation failed: The user does not have access to ` +
        `service account 'nodes@${project}.iam.gserviceaccount.com'.`,
    },
    'ip-space': {
      code: 'UNKNOWN',
      canonicalCode: 'RESOURCE_EXHAUSTED',
      words: (name: string) =>
        `[IP_SPACE_EXHAUSTED]: Instance '${name}' creation failed: IP space of ` +
        `'projects/${project}/regions/${region}/subnetworks/nodes' is exhausted.`,
    },
    internal: {
      code: 'UNKNOWN',
      canonicalCode: 'INTERNAL',
      words: (name: string) => `[INTERNAL_ERROR]: Instance '${name}' creation failed: Internal error. Code: '58C1D5A'.`,
    },
  } as const;
}
