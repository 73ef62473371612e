import type { Failure } from '../../lib/failure.ts';
import { decidingLineOf, ended, quote, tail, troubled, warned } from '../facts.ts';
import { plainLine } from '../last-words.ts';
import { compiling, serving } from './model-server-log.ts';
import { namespaceOf, type Rule, serviceOf, TEMPLATE, waited } from './rule.ts';

/** Whether another container than vLLM's ended the wait: while vLLM starts, its probes fail as they should. */
function isOfAnother(failure: Failure | null): boolean {
  return failure?.code === 'crash-loop' && failure.evidence.container !== 'main';
}

/** How containers end: memory, probes, and crashes that no rule knows. */
export const CONTAINER_END_RULES: readonly Rule[] = [
  {
    cause: 'container.oom-killed',
    title: 'A container needs more memory than it may have',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'last state OOMKilled',
    match(evidence) {
      const at = waited(evidence) ? troubled(evidence).find((one) => ended(one)?.reason === 'OOMKilled') : undefined;
      if (!at) return null;
      return {
        seen: [quote(at, `OOMKilled, ${at.container.restarts} restarts`), ...tail(at, 5)],
        explanation: `The kernel ended container ${at.container.name} of pod ${at.pod.name}: it passed its memory limit.`,
        where: { path: [...TEMPLATE, 'containers', 0, 'resources', 'limits'] },
      };
    },
    remedy: () =>
      'Raise or remove resources.limits.memory of the container; loading weights takes about twice their size.',
  },
  {
    cause: 'probe.too-short',
    title: 'A probe ends the server while it still compiles',
    family: 'pods',
    confidence: 'proven',
    looksLike:
      'the event reports that the container failed its liveness or startup probe, and the log ends in a compilation',
    match(evidence) {
      if (!waited(evidence)) return null;
      const at = troubled(evidence, 'replica').find(
        (one) => one.container.name === 'main' && one.container.restarts > 0 && compiling(one.container.log),
      );
      const probes = warned(evidence, /(?:liveness|startup) probe failed/i, /Unhealthy/);
      if (!at || probes.length === 0) return null;
      return {
        seen: [...probes.slice(-2), ...tail(at, 4)],
        explanation: `The kubelet restarts container main of pod ${at.pod.name} ${at.container.graceSeconds === null ? '' : `after ${at.container.graceSeconds} s `}while XLA still compiles, so it never starts.`,
        where: { text: /startupProbe|livenessProbe/ },
      };
    },
    remedy: () =>
      'Give main a startupProbe of at least 20 min (periodSeconds 10, failureThreshold 120); liveness counts only after it.',
  },
  {
    cause: 'probe.mismatch',
    title: 'A probe asks for what the server does not serve',
    family: 'pods',
    confidence: 'proven',
    looksLike: 'vLLM serves, and the event reports that a probe failed with another scheme, port or path',
    match(evidence) {
      if (!waited(evidence) || isOfAnother(evidence.failure)) return null;
      const at = troubled(evidence, 'replica').find(
        ({ container }) => container.name === 'main' && serving(container.log),
      );
      const probes = warned(
        evidence,
        /probe failed: (?:Get |HTTP probe|.*(?:refused|HTTP response to HTTPS|statuscode: 4))/i,
        /Unhealthy/,
      );
      const [last] = probes.slice(-1);
      if (!at || !last) return null;
      return {
        seen: [...probes.slice(-3), ...tail(at, 3)],
        explanation: `vLLM in pod ${at.pod.name} has started to serve, but a probe asks it by another scheme, port or path than it serves.`,
        where: { text: /(?:readiness|liveness|startup)Probe/ },
      };
    },
    remedy: () =>
      'Give each httpGet of the probes the port of --port, and scheme HTTPS exactly when the command has --ssl-certfile.',
  },
  {
    cause: 'container.crash-loop',
    title: 'A container crashes each time it starts',
    family: 'pods',
    confidence: 'probable',
    looksLike: 'CrashLoopBackOff with the same exit again and again, and no rule fits its log',
    match(evidence) {
      const { failure, lines } = evidence;
      if (failure?.code !== 'crash-loop') return null;
      const { pod, container, message } = failure.evidence;
      const at = troubled(evidence).find((one) => one.pod.name === pod && one.container.name === container);
      const deciding = at ? decidingLineOf(at) : null;
      const last = at ? tail(at, 12) : [];
      const own = at && deciding !== null ? quote(at, deciding) : '';
      return {
        seen: [...last, String(message ?? ''), ...lines]
          .filter((line) => line !== '' && line !== own)
          .concat(own || []),
        ...(deciding === null ? {} : { deciding: plainLine(deciding) }),
        explanation: `Container ${container} of pod ${pod} ends by itself soon after its start, each time alike. No rule knows its last words; they are in the evidence.`,
        where: { path: [...TEMPLATE, 'containers', 0] },
      };
    },
    remedy: (evidence) => {
      const { pod, container } = evidence.failure?.evidence ?? {};
      return `Read its last lines below, or while the stack is up: kubectl -n ${namespaceOf(evidence)} logs ${pod} -c ${container} --previous. Compare image and args of ${serviceOf(evidence)} with the last passing run.`;
    },
  },
];
