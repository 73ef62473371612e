import { afterAll, describe } from 'vitest';
import { envoyContract } from './envoy.ts';
import { type EnvoyObservation, sendOne } from './envoy-observe.ts';
import { labScenario, observeState, type State } from './envoy-states.ts';
import { shippedService } from './kserve-observe.ts';
import { addRules } from './observe.ts';
import { NAMESPACE, startWorld, until, type World } from './world.ts';

const SERVICES = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices`;
const TIME_SCALE = 50;

/** The lab that runs, by the scenario that it plays: two at a time would keep each other from the processor. */
let running: { name: string; world: Promise<World> } | undefined;
const seen = new Map<State, Promise<EnvoyObservation>>();

async function stop(): Promise<void> {
  await (await running?.world.catch(() => null))?.stop();
  running = undefined;
}

/** A lab whose Pattern 3 is Ready, with the DestinationRules that upstream KServe leaves to its users. */
async function start(state: State): Promise<World> {
  const world = await startWorld({ scenario: labScenario(state), timeScale: TIME_SCALE });
  await addRules(world, 'pattern3');
  const service = await shippedService('pattern3');
  const { status, body: made } = await world.api.ask('POST', SERVICES, service);
  if (status !== 201) throw new Error(`${service.metadata.name}: HTTP ${status}: ${made.message}`);
  await until('the service is Ready', async () => {
    const { body } = await world.api.ask('GET', `${SERVICES}/${service.metadata.name}`);
    const conditions = (body.status?.conditions ?? []) as { type: string; status: string }[];
    return conditions.some(({ type, status }) => type === 'Ready' && status === 'True');
  });
  await until('the gateway has replicas', async () => (await sendOne(world, '/v1/models')).status === 200);
  return world;
}

async function observe(state: State): Promise<EnvoyObservation> {
  const { name } = labScenario(state);
  if (running?.name !== name) {
    await stop();
    running = { name, world: start(state) };
  }
  return observeState(await running.world, state);
}

function observed(state: State): Promise<EnvoyObservation> {
  const observing = seen.get(state) ?? observe(state);
  seen.set(state, observing);
  return observing;
}

describe('the lab, held against recordings of a real Envoy', { timeout: 60_000 }, () => {
  afterAll(stop);
  envoyContract(observed);
});
