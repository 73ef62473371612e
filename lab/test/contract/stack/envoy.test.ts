import { afterAll, describe } from 'vitest';
import { envoyContract } from './envoy.ts';
import { type EnvoyObservation, sendOne } from './envoy-observe.ts';
import { labScenario, observeState, type State } from './envoy-states.ts';
import { shippedService } from './kserve-observe.ts';
import { addRules } from './observe.ts';
import { NAMESPACE, startWorld, until, type World } from './world.ts';

const SERVICES = `/apis/serving.kserve.io/v1alpha1/namespaces/${NAMESPACE}/llminferenceservices`;
const TIME_SCALE = 50;

/** Labs by the scenario that they play. */
const labs = new Map<string, Promise<World>>();
const seen = new Map<State, Promise<EnvoyObservation>>();

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

function observed(state: State): Promise<EnvoyObservation> {
  const observing =
    seen.get(state) ??
    (async () => {
      const { name } = labScenario(state);
      const lab = labs.get(name) ?? start(state);
      labs.set(name, lab);
      return observeState(await lab, state);
    })();
  seen.set(state, observing);
  return observing;
}

describe('the lab, held against recordings of a real Envoy', { timeout: 60_000 }, () => {
  afterAll(async () => {
    for (const lab of labs.values()) await (await lab.catch(() => null))?.stop();
  });
  envoyContract(observed);
});
