import type { KubeClient } from '../clients/kube.ts';
import type { Failure } from '../lib/failure.ts';
import type { Report } from '../report/model.ts';

const MAX_LINE = 500;
const MAX_EVENTS = 12;
const LOG_TAIL = 12;

/**
 * Lines from the cluster about what failed: warning events of the pods that are not Ready and the last log lines of
 * the container concerned. Best effort and bounded: a problem here must not hide the one that is being explained.
 */
export async function collectEvidence(kube: KubeClient, report: Report, failure: Failure): Promise<string[]> {
  const lines: string[] = [];
  const odd = report.pods.filter(({ state }) => state !== 'Ready').map(({ name }) => name);
  const named = typeof failure.evidence.pod === 'string' ? failure.evidence.pod : null;
  const concerned = new Set(named ? [named, ...odd] : odd);
  if (concerned.size === 0) return lines;
  try {
    const { namespace } = report.plan;
    const events = (await kube.list('v1', 'Event', { namespace })) ?? [];
    const warnings = events.filter(
      ({ type, involvedObject }) => type === 'Warning' && concerned.has(String(involvedObject?.name)),
    );
    for (const { involvedObject, reason, message, count } of warnings.slice(-MAX_EVENTS)) {
      const times = Number(count) > 1 ? ` ×${count}` : '';
      lines.push(`Warning ${reason}${times} pod/${involvedObject?.name}: ${message}`.slice(0, MAX_LINE));
    }
    const container = failure.evidence.container;
    if (named && typeof container === 'string') {
      const log = await kube.logs(namespace, named, container, LOG_TAIL);
      for (const line of log.split('\n').filter((text) => text !== '')) {
        lines.push(`${container}: ${line}`.slice(0, MAX_LINE));
      }
    }
  } catch {
    lines.push('(the cluster could not be asked for events and logs)');
  }
  return lines;
}
