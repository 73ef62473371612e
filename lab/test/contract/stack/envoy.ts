import { describe, expect, it } from 'vitest';
import { CLUSTERS, type EnvoyObservation, REQUESTS } from './envoy-observe.ts';
import { STATES, type State } from './envoy-states.ts';
import { recording } from './fixture.ts';

/** What the gateway and its Envoy do in each state, as recorded of real ones. */
export function envoyContract(observed: (state: State) => Promise<EnvoyObservation>): void {
  const recorded = recording<Record<State, EnvoyObservation>>('envoy.json');

  describe.each(STATES)('a gateway, %s', (state) => {
    it('responds as recorded', async () => {
      const { completions, models } = await observed(state);
      expect(completions.client).toEqual(recorded[state].completions.client);
      expect(models.client).toEqual(recorded[state].models.client);
    });

    it.each(Object.keys(CLUSTERS) as (keyof typeof CLUSTERS)[])('counts as recorded for the %s', async (role) => {
      const { completions, models } = await observed(state);
      expect(completions.counters[role]).toEqual(recorded[state].completions.counters[role]);
      expect(models.counters[role]).toEqual(recorded[state].models.counters[role]);
    });
  });

  it('was recorded with as many requests', () => {
    for (const state of STATES) {
      const { client } = recorded[state].completions;
      expect(client.reduce((sum, { times }) => sum + times, 0)).toBe(REQUESTS);
    }
  });
}
