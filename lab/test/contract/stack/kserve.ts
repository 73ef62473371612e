import { describe, expect, it } from 'vitest';
import { recording } from './fixture.ts';
import type { KserveObservation, RecordedObject } from './kserve-observe.ts';

/** A state of a condition, alike for every service. */
const nameless = (state: string) => state.replaceAll(/qwen2-3b-pattern\d/g, '<service>');

/** Every state of each condition in the recordings of both patterns. */
const KNOWN: Record<string, string[]> = {};
for (const pattern of ['pattern1', 'pattern3']) {
  const { sequence } = recording<KserveObservation>(`kserve-${pattern}.json`);
  for (const [type, states] of Object.entries(sequence)) {
    KNOWN[type] = [...(KNOWN[type] ?? []), ...states.map(nameless)];
  }
}

/** Conditions that sum others up, and repeat the state of one that is not True: any of them, as the timing has it. */
const SUMS: readonly string[] = ['Ready', 'RouterReady', 'WorkloadsReady'];

const knownOf = (type: string): string[] => (SUMS.includes(type) ? Object.values(KNOWN).flat() : (KNOWN[type] ?? []));

const nameOf = ({ kind, apiVersion, name }: RecordedObject) => `${kind} ${apiVersion} ${name}`;

/** Status and reason of a state, without its message. */
const reasonOf = (state: string): string => state.split(':')[0] as string;

/** Every reason for which the sources of KServe v0.20.0 make a condition False. */
const IN_SOURCES: readonly string[] = recording<{ module: string; reasons: { reason: string }[] }[]>(
  '../condition-reasons.json',
)
  .filter(({ module }) => module === 'github.com/kserve/kserve@v0.20.0')
  .flatMap(({ reasons }) => reasons.map(({ reason }) => `False ${reason}`));

/**
 * The states of a condition that neither a recording nor, of real parts, a source explains. The real parts race each
 * other: which states show depends on which part is faster, and on a busy machine any step of the controller may lose to
 * another writer of its object, give its error as the reason, and try again.
 */
export function unexplained(type: string, states: readonly string[], timing: 'lab' | 'real'): string[] {
  if (timing === 'lab') return states.filter((state) => !knownOf(type).includes(state));
  const reasons = [...Object.values(KNOWN).flat().map(reasonOf), ...IN_SOURCES];
  return states.filter((state) => !reasons.includes(reasonOf(state)));
}

/**
 * What KServe v0.20.0 makes of a shipped pattern, and what its conditions say until it is Ready.
 * @param timing whether the lab or the real parts are observed
 */
export function kserveContract(
  pattern: 'pattern1' | 'pattern3',
  observed: () => Promise<KserveObservation>,
  timing: 'lab' | 'real',
): void {
  const recorded = recording<KserveObservation>(`kserve-${pattern}.json`);

  describe(`KServe, ${pattern}`, () => {
    it('makes the objects that were recorded, and no others', async () => {
      expect((await observed()).objects.map(nameOf)).toEqual(recorded.objects.map(nameOf));
    });

    it.each(recorded.objects.map((object): [string, RecordedObject] => [nameOf(object), object]))(
      'writes %s as recorded',
      async (name, object) => {
        expect((await observed()).objects.find((one) => nameOf(one) === name)).toEqual(object);
      },
    );

    it('is Ready with the finalizers, URL and conditions that were recorded', async () => {
      expect((await observed()).service).toEqual(recorded.service);
    });

    it.each(Object.keys(recorded.sequence))('takes %s to True by states that were recorded', async (type) => {
      const states = ((await observed()).sequence[type] ?? []).map(nameless);
      expect(unexplained(type, states, timing)).toEqual([]);
      expect(states.at(-1)).toBe('True');
    });

    it('has no condition that was not recorded', async () => {
      expect(Object.keys((await observed()).sequence).sort()).toEqual(Object.keys(recorded.sequence).sort());
    });

    it('waits at its deletion for the finalizers that were recorded, and leaves nothing else behind', async () => {
      expect((await observed()).deletion).toEqual(recorded.deletion);
    });
  });
}
