import { describe, expect, it } from 'vitest';
import { SCENARIOS } from '../../../scenarios/scenarios.ts';
import { recording } from './fixture.ts';
import type { PickerObservation } from './picker-observe.ts';

const { lastWords } = recording<PickerObservation>('picker.json');

/** The one container fault of a scenario. */
function faultOf(scenario: string) {
  const [fault] = SCENARIOS[scenario]!.cluster.containers;
  return fault!;
}

const withoutName = (text: string) => text.replace(/'[\w-]+-scorer'/, "'<scorer>'");

describe('the endpoint picker of the lab, held against recordings of a real one', () => {
  it('names a plugin that it does not have in the same words', () => {
    const { exitCode, line } = lastWords['plugin that is not registered']!;
    const { says = [], ends } = faultOf('picker-plugin-unknown');
    expect(ends).toEqual({ exitCode });
    const recorded = JSON.parse(line) as Record<string, unknown>;
    const { msg, error } = JSON.parse(says.at(-1) ?? '{}') as Record<string, unknown>;
    expect([msg, withoutName(String(error))]).toEqual([recorded.msg, withoutName(String(recorded.error))]);
  });

  it('ends at a flag that it does not know with the same exit code', () => {
    expect(faultOf('picker-flag').ends).toEqual({ exitCode: lastWords['unknown flag']!.exitCode });
  });
});
