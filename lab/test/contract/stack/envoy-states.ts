import { setTimeout as sleep } from 'node:timers/promises';
import { SCENARIOS, type Scenario } from '../../../scenarios/scenarios.ts';
import {
  type EnvoyObservation,
  healthyHosts,
  isHealthy,
  observeEnvoy,
  readClusters,
  sendOne,
} from './envoy-observe.ts';
import { NAMESPACE, until, type World } from './world.ts';

/**
 * States of the way from a gateway to its replicas: all is well; the picker's process is gone while its address is
 * listed; it is stopped; its pod is not Ready; and a DestinationRule is missing, so that
 * Envoy speaks plaintext to a server of TLS.
 */
export const STATES = [
  'healthy',
  'no-rule-picker',
  'no-rule-pool',
  'no-rule-workload',
  'picker-killed',
  'picker-stopped',
  'picker-unready',
] as const;
export type State = (typeof STATES)[number];

const RULES: Partial<Record<State, string>> = {
  'no-rule-picker': 'qwen2-3b-pattern3-epp',
  'no-rule-pool': 'qwen2-3b-pattern3-pool',
  'no-rule-workload': 'qwen2-3b-pattern3-workload',
};

/** The scenario in which the lab has a state; a state without a line is played on a healthy lab. */
const LAB_SCENARIOS: Partial<Record<State, string>> = {
  'picker-killed': 'picker-dead',
  'picker-stopped': 'picker-stopped',
  'picker-unready': 'picker-unready',
};

/** The lab's scenario of a state, on a KServe that leaves the DestinationRules to its users. */
export function labScenario(state: State): Scenario {
  const name = LAB_SCENARIOS[state] ?? 'pass';
  const scenario = SCENARIOS[name];
  if (!scenario) throw new Error(`the lab cannot play ${state}: it has no scenario ${name}`);
  return { ...scenario, cluster: { ...scenario.cluster, kserve: 'no-rules' } };
}

/** Brings a world into the state, observes its Envoy, and puts everything right again. */
export async function observeState(world: World, state: State): Promise<EnvoyObservation> {
  const undo = await enter(world, state);
  try {
    return await observeEnvoy(world);
  } finally {
    await undo();
    // A lab is in the state of its scenario from its start to its end.
    if (world.kind === 'real' || RULES[state]) await until('a healthy gateway', () => isHealthy(world));
  }
}

async function enter(world: World, state: State): Promise<() => Promise<void>> {
  const rule = RULES[state];
  if (rule) return withoutRule(world, rule, state === 'no-rule-workload' ? '/v1/models' : '/v1/completions');
  if (state === 'healthy') return async () => {};
  if (world.kind === 'lab') {
    // This lab's picker is so from its first request on.
    if (state === 'picker-unready')
      await until('no healthy host of the picker', () => withRequest(world, () => hasNoPicker(world)));
    return async () => {};
  }
  if (state === 'picker-stopped') return signalled(world, 'endpoint-picker', 'SIGSTOP', 'SIGCONT');
  // istiod takes the address away in a moment, unless it is stopped.
  const resume = state === 'picker-killed' ? await signalled(world, '/pilot:', 'SIGSTOP', 'SIGCONT') : async () => {};
  const killing = killAgainAndAgain(world);
  if (state === 'picker-killed') await until('the picker is down', async () => (await sendOne(world)).status !== 200);
  else await until('no healthy host of the picker', () => hasNoPicker(world));
  return async () => {
    await killing();
    await resume();
  };
}

async function withRequest<T>(world: World, then: () => Promise<T>): Promise<T> {
  await sendOne(world);
  return then();
}

async function hasNoPicker(world: World): Promise<boolean> {
  const { picker } = await readClusters(world);
  return picker !== undefined && healthyHosts(picker) === 0;
}

async function signalled(
  world: World,
  image: string,
  signal: NodeJS.Signals,
  back: NodeJS.Signals,
): Promise<() => Promise<void>> {
  const [program] = await world.programs(image);
  if (!program) throw new Error(`no process of ${image}`);
  process.kill(program.pid, signal);
  return async () => {
    process.kill(program.pid, back);
  };
}

const KILL_EVERY_MS = 60;
/** Within which a changed DestinationRule is Envoy's configuration. */
const CONFIG_MS = 15_000;

/** Kills the picker each time that its kubelet has started it. Returns a function that lets it live. */
function killAgainAndAgain(world: World): () => Promise<void> {
  const ending = new AbortController();
  const loop = (async () => {
    while (!ending.signal.aborted) {
      for (const { pid } of await world.programs('endpoint-picker')) {
        try {
          process.kill(pid, 'SIGKILL');
        } catch {
          // It has ended meanwhile.
        }
      }
      await sleep(KILL_EVERY_MS);
    }
  })();
  return async () => {
    ending.abort();
    await loop;
  };
}

/** Deletes a DestinationRule and waits until requests of the path meet another Envoy cluster. */
async function withoutRule(world: World, name: string, path: string): Promise<() => Promise<void>> {
  const rules = `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}/destinationrules`;
  const { status, body } = await world.api.ask('GET', `${rules}/${name}`);
  if (status !== 200) throw new Error(`no DestinationRule ${name}: HTTP ${status}`);
  await world.api.ask('DELETE', `${rules}/${name}`);
  await until(`${path} fails without ${name}`, async () => (await sendOne(world, path)).status !== 200, CONFIG_MS);
  return async () => {
    const { apiVersion, kind, spec, metadata } = body;
    const again = { apiVersion, kind, spec, metadata: { name, namespace: NAMESPACE, labels: metadata.labels } };
    await world.api.ask('POST', rules, again);
  };
}
