import type { Scenario } from '../scenarios/scenarios.ts';

/** The lab's own cloud, kubelet, scheduler and replicas play these on the stack too. */
const CLUSTER = new Set(['image', 'nodes', 'refusedPods', 'containers']);

/**
 * The names of a scenario's faults that only the lab's own gateway, controllers and API server can play. On the stack
 * those parts are real. `healthy` is the scenario without faults.
 */
export function unplayable(scenario: Scenario, healthy: Scenario): string[] {
  const differs = (a: unknown, b: unknown) => JSON.stringify(a) !== JSON.stringify(b);
  const { cluster, serving } = scenario;
  return [
    ...Object.entries(cluster)
      .filter(([name, value]) => !CLUSTER.has(name) && differs(value, healthy.cluster[name as keyof typeof cluster]))
      .map(([name]) => `cluster.${name}`),
    ...(cluster.containers.some((fault) => fault.in !== 'replica') ? ['cluster.containers'] : []),
    ...(differs(serving.picker, healthy.serving.picker) ? ['serving.picker'] : []),
  ];
}
