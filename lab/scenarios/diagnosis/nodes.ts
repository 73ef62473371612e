import type { DiagnosisScenario } from '../types.ts';
import { SHORT, scenario } from './shared.ts';

/** Nodes that do not come, or come wrong. */
export const NODE_SCENARIOS: readonly DiagnosisScenario[] = [
  scenario('nodes-without-chips', 'the device plugin does not run on the new nodes', 'nodes.no-chips', {
    cluster: { nodes: 'no-chips' },
    flags: ['--lease-timeout=5s'],
  }),
  scenario('nodes-not-ready', 'the kubelets of the new nodes do not report', 'nodes.not-ready', {
    cluster: { nodes: 'not-ready' },
    flags: ['--lease-timeout=5s'],
  }),
  scenario('nodes-late', 'the resize is still running at the limit', 'gke.nodes-timeout', {
    gcp: { resize: { arrive: 0, reason: 'stockout', afterSeconds: 900, chaseSeconds: null } },
    flags: ['--lease-timeout=4s', '--release-timeout=100s'],
  }),
  scenario('resize-internal', 'the resize ends with an internal error', 'gke.resize-failed', {
    gcp: { resize: { arrive: 0, reason: 'internal', afterSeconds: 60, chaseSeconds: null } },
  }),
  scenario('node-lost', 'a node on demand goes away while the replicas load', 'gke.node-lost', {
    gcp: { preemptAfterSeconds: 200 },
    cluster: { containers: [{ in: 'replica', container: 'main', says: ['INFO loading'] }] },
    flags: SHORT,
  }),
];
