import { CLOUD_SCENARIOS } from '../../../lab/scenarios/cloud.ts';
import { DIAGNOSIS_SCENARIOS } from '../../../lab/scenarios/diagnosis.ts';
import { EVERYDAY_SCENARIOS } from '../../../lab/scenarios/scenarios.ts';

/** A fault of the lab with what a reader must find of it. */
export interface Fault {
  name: string;
  cause: string;
  /** No rule of the table knows it. */
  outside: boolean;
  /** What the comment must show. */
  shows: readonly string[];
  /** What the log must hold. */
  warns: readonly string[];
  /** What the remedy must hold. */
  remedy: string | null;
}

const plain = ({ name, expect }: { name: string; expect: { cause: string | null } }): Fault[] =>
  expect.cause === null ? [] : [{ name, cause: expect.cause, outside: false, shows: [], warns: [], remedy: null }];

/** Every fault that has a cause; `stockout-late` is `stockout`, and half an hour longer. */
export const FAULTS: readonly Fault[] = [
  ...Object.values(EVERYDAY_SCENARIOS).flatMap(plain),
  ...CLOUD_SCENARIOS.filter(({ name }) => name !== 'stockout-late').flatMap(plain),
  ...DIAGNOSIS_SCENARIOS.flatMap((scenario) => {
    const { outside = false, shows = [], warns = [], remedy = null } = scenario;
    return plain(scenario).map((fault) => ({ ...fault, outside, shows, warns, remedy }));
  }),
];
