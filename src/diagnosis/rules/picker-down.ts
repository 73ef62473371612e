import { gateFile, showFile } from '../../lib/gate-files.ts';
import type { Evidence, PodEvidence } from '../evidence.ts';
import { containersOf, type Placed, tail } from '../facts.ts';
import { policyMaker } from './own-objects.ts';
import { consequence, contactRule, mayHaveFailed, type PickerContact } from './picker-contact.ts';
import { type Match, namespaceOf, type Rule, serviceOf } from './rule.ts';

/** The gateway is to ask the endpoint picker and cannot, for a reason that the cluster shows. */
export const PICKER_DOWN_RULES: readonly Rule[] = [
  contactRule({
    cause: 'picker.down',
    title: 'The endpoint picker is not running',
    looksLike:
      'completions fail with an empty HTTP 500, or go round-robin; no pod of the picker is Ready, or it has restarted since it was Ready',
    shows: (evidence, contact) => {
      const found = notReady(evidence) ?? restarted(evidence, contact);
      return found && { ...found, explanation: `${found.explanation} ${consequence(contact)}` };
    },
    remedy: (evidence) =>
      `kubectl -n ${namespaceOf(evidence)} logs deployment/${serviceOf(evidence)}-kserve-router-scheduler --previous`,
  }),
  contactRule({
    cause: 'policy.gateway-to-picker',
    title: 'A NetworkPolicy keeps the gateway from the endpoint picker',
    looksLike:
      'completions fail with an empty HTTP 500, and no policy of the picker’s pod allows TCP 9002 from the gateway',
    shows: (evidence, contact) => {
      const flow = evidence.cluster?.blocked.find((one) => one.flow.startsWith('gateway to endpoint picker'));
      if (!flow || !mayHaveFailed(contact)) return null;
      return {
        seen: [`blocked: ${flow.flow} (${flow.direction}), by ${flow.policies.join(', ')}`],
        explanation: `The pod of the endpoint picker is isolated by NetworkPolicy ${flow.policies.join(', ')}, and nothing allows TCP 9002 from the gateway. ${consequence(contact)}`,
        ...policyMaker(evidence, flow),
      };
    },
    remedy: () =>
      `Allow ingress on TCP 9002 to pods with app.kubernetes.io/component=llminferenceservice-router-scheduler. A policy that does: ${showFile(gateFile('manifests/pattern3/networkpolicies/allow-gateway-to-epp.yaml'))}`,
  }),
];

/** No pod of the picker is Ready; null where that is not known. */
function notReady(evidence: Evidence): Match | null {
  const { cluster } = evidence;
  const pods = pickerPods(evidence);
  if (!cluster || pods.some(({ ready }) => ready)) return null;
  const deployments = cluster.deployments.filter(({ name }) => /epp|scheduler/.test(name));
  const lines = deployments.map(({ name, ready, wanted }) => `deployment/${name}: ${ready} of ${wanted} pods Ready`);
  if (pods.length === 0) {
    // Pods that could not be listed are not pods that do not exist.
    const unread = cluster.gaps.some((gap) => /^(?:pods|deployments|not everything)/.test(gap));
    if (deployments.length === 0 ? unread : deployments.some(({ ready }) => ready > 0)) return null;
    const none = 'no pod of the endpoint picker';
    return { seen: [none, ...lines], explanation: 'The endpoint picker has no pod.' };
  }
  const mains = mainsOf(evidence);
  const [at] = mains;
  const restarts = mains.reduce((sum, { container }) => sum + container.restarts, 0);
  return {
    seen: [...lines, ...pods.map(stateOf), ...(at ? tail(at, 8) : [])],
    explanation: `The endpoint picker was Ready when the checks began and is not any more (${restarts} restarts).`,
  };
}

/** A picker that is Ready at the moment and has ended since the stack was Ready, while the gateway could not connect. */
function restarted(evidence: Evidence, { counts }: PickerContact): Match | null {
  if (!counts || counts.connectFailures === 0) return null;
  const at = mainsOf(evidence).find(({ pod, container }) => {
    const before = evidence.report.pods.find(({ name }) => name === pod.name);
    return before !== undefined && container.restarts > before.restarts;
  });
  if (!at) return null;
  return {
    seen: [stateOf(at.pod), ...tail(at, 8)],
    explanation: `The endpoint picker has restarted since the checks began (${at.container.restarts} restarts), and ${counts.connectFailures} connections to it failed.`,
  };
}

function pickerPods({ cluster }: Evidence): PodEvidence[] {
  return (cluster?.pods ?? []).filter(({ role, terminating }) => role === 'endpoint-picker' && !terminating);
}

function mainsOf(evidence: Evidence): Placed[] {
  return containersOf(evidence, 'endpoint-picker').filter(({ container }) => container.name === 'main');
}

/** `pod/NAME: not Ready; main waiting (CrashLoopBackOff), 3 restarts, last exit 137`. */
function stateOf({ name, ready, containers }: PodEvidence): string {
  const each = containers.map(({ name: container, state, reason, restarts, last, ready: well }) => {
    const why = reason ? ` (${reason})` : '';
    const end = last ? `, last exit ${last.exitCode ?? '?'}${last.reason ? ` (${last.reason})` : ''}` : '';
    return `${container} ${state}${why}${well ? '' : ', not ready'}, ${restarts} restarts${end}`;
  });
  return `pod/${name}: ${ready ? 'Ready' : 'not Ready'}; ${each.join('; ')}`;
}
