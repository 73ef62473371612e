import type { Evidence } from './evidence.ts';
import { containersOf, waiting } from './facts.ts';
import { compiling, serving } from './rules/model-server-log.ts';
import type { Family } from './rules/rule.ts';

/** Another explanation that a reader would think of, and what in the evidence excludes it. */
export interface RuledOut {
  cause: string;
  because: string;
}

interface Rival {
  title: string;
  families: readonly Family[];
  /** Causes that are this explanation, or a kind of it. */
  is: RegExp;
  /** What excludes it; null when nothing does. */
  excludedBy(evidence: Evidence): string | null;
}

const RIVALS: readonly Rival[] = [
  {
    title: 'No TPU capacity',
    families: ['pods', 'routing', 'measurement'],
    is: /^(?:gke|nodes)\./,
    excludedBy: ({ cluster, report }) => {
      const nodes = cluster?.nodes ?? [];
      const good = nodes.filter(({ ready, chips }) => ready && chips > 0);
      if (good.length === 0 || report.plan.nodes === null || good.length < report.plan.nodes) return null;
      return `${good.length} of ${report.plan.nodes} nodes Ready, ${good[0]?.chips} chips allocatable on each`;
    },
  },
  {
    title: 'Image pull',
    families: ['pods', 'routing'],
    is: /^image\.|gateway\.image-pull|ready\.pulling/,
    excludedBy: (evidence) => {
      const placed = containersOf(evidence);
      if (placed.length === 0 || waiting(placed, /ImagePull|ContainerCreating|PodInitializing/)) return null;
      return placed.every(({ container }) => container.state !== 'unknown') ? 'every image was pulled' : null;
    },
  },
  {
    title: 'Secret, ConfigMap or key missing',
    families: ['pods'],
    is: /^(?:secret|configmap)\.|container\.config/,
    excludedBy: (evidence) => {
      const placed = containersOf(evidence, 'replica', 'endpoint-picker');
      const mounts = (evidence.cluster?.events ?? []).some(({ reason }) => reason === 'FailedMount');
      if (placed.length === 0 || mounts || waiting(placed, /CreateContainer/)) return null;
      return 'no container waits for its configuration, and no mount failed';
    },
  },
  {
    title: 'Model download',
    families: ['pods', 'routing'],
    is: /^model\.|policy\.(?:dns|egress)|ready\.downloading/,
    excludedBy: (evidence) => {
      const inits = containersOf(evidence, 'replica').filter(
        ({ container }) => container.init && /storage|model/.test(container.name),
      );
      if (
        inits.length === 0 ||
        !inits.every(({ container }) => container.state === 'terminated' && container.exitCode === 0)
      )
        return null;
      return `the storage initializer ended well on ${inits.length === 1 ? 'the replica' : `all ${inits.length} replicas`}`;
    },
  },
  {
    title: 'Compilation still running',
    families: ['pods'],
    is: /ready\.compiling|probe\.too-short/,
    excludedBy: (evidence) => {
      const mains = containersOf(evidence, 'replica').filter(({ container }) => container.name === 'main');
      if (mains.length === 0 || mains.some(({ container }) => compiling(container.log))) return null;
      if (mains.every(({ container }) => serving(container.log) || container.ready))
        return 'vLLM serves on every replica';
      return mains.every(({ container }) => container.state !== 'running') ? 'no replica runs vLLM at all' : null;
    },
  },
  {
    title: 'A crash',
    families: ['routing', 'measurement'],
    is: /crash|died|oom|restarted|^vllm\./,
    excludedBy: (evidence) => {
      const placed = containersOf(evidence, 'replica', 'endpoint-picker');
      return placed.length > 0 && placed.every(({ container }) => container.restarts === 0)
        ? 'no container has restarted'
        : null;
    },
  },
  {
    title: 'A NetworkPolicy',
    families: ['pods', 'routing'],
    is: /^policy\.|control-plane-blocked/,
    excludedBy: ({ cluster }) => {
      const read = cluster && !cluster.gaps.some((gap) => gap.startsWith('NetworkPolicies'));
      return read && cluster.blocked.length === 0 ? 'evaluated offline, none blocks a needed connection' : null;
    },
  },
  {
    title: 'An EnvoyFilter',
    families: ['routing'],
    is: /envoyfilter/,
    excludedBy: ({ cluster }) => {
      const read = cluster && !cluster.gaps.some((gap) => gap.startsWith('EnvoyFilters'));
      return read && cluster.filters.every(({ erasesPicker }) => !erasesPicker)
        ? `${cluster.filters.length === 0 ? 'there is none' : 'none overrides ext_proc'} on the gateway`
        : null;
    },
  },
  {
    title: 'Another route of the gateway',
    families: ['routing'],
    is: /older-route/,
    excludedBy: ({ cluster }) => {
      const others = cluster?.routes.filter(({ own, gates }) => !own && !gates);
      if (!cluster || cluster.routes.length === 0 || cluster.gaps.some((gap) => gap.startsWith('routes'))) return null;
      return others?.length === 0 ? 'the gateway has no other route' : null;
    },
  },
  {
    title: 'The change under review',
    families: ['cloud'],
    is: /^$/,
    excludedBy: ({ failure }) => (failure?.stage === 'lease' ? 'no pod of it had started' : null),
  },
  {
    title: 'The permissions of the gate',
    families: ['cloud'],
    is: /permission|auth/,
    excludedBy: ({ failure }) =>
      failure?.stage === 'lease' && Number(failure.evidence.asked) > 0 ? 'Google Cloud accepted the resize' : null,
  },
];

const MOST = 5;

/** What else was considered, and why the evidence excludes it. Says nothing of what it cannot exclude. */
export function ruledOut(evidence: Evidence, family: Family, cause: string): RuledOut[] {
  return RIVALS.filter(({ families, is }) => families.includes(family) && !is.test(cause))
    .flatMap(({ title, excludedBy }) => {
      const because = excludedBy(evidence);
      return because === null ? [] : [{ cause: title, because }];
    })
    .slice(0, MOST);
}
