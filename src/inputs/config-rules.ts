import { ACTION_GROUPS } from './groups.ts';
import type { InputRow } from './row.ts';
import { rowsIn } from './spec.ts';

/** The file of a repository that gives inputs, from the root of the repository. */
export const CONFIG_FILE = '.github/tpu-serving-gate.yml';

/** Why a file of a repository may not give an input. */
type Reason = 'secret' | 'one run';

/** Inputs that the file may not give: a secret does not belong into Git, and the others are of one run. */
const NEVER: Readonly<Record<string, Reason>> = {
  'github-token': 'secret',
  'credentials-json': 'secret',
  mode: 'one run',
  'dry-run': 'one run',
  'read-only': 'one run',
  'base-manifests': 'one run',
  'head-sha': 'one run',
  'command-verdict': 'one run',
  'pr-number': 'one run',
  result: 'one run',
};

/** The inputs that the file may give, in the order of the table. */
export const CONFIG_ROWS: readonly (readonly [name: string, row: InputRow])[] = rowsIn(ACTION_GROUPS).filter(
  ([name]) => !Object.hasOwn(NEVER, name),
);

/** Where a run is: all that a pull request gives by itself while the default branch has no file yet. */
export const PLACE_NAMES: readonly string[] = ['cluster', 'location', 'project-id', 'node-pool'];

/** Their names. */
export const CONFIG_NAMES: readonly string[] = CONFIG_ROWS.map(([name]) => name);

/** One sentence for an input that the file may not give; null for one that it may give. */
export function refusedInConfig(name: string): string | null {
  const reason = Object.hasOwn(NEVER, name) ? NEVER[name] : undefined;
  if (reason === undefined) return null;
  return reason === 'secret'
    ? `${CONFIG_FILE} has "${name}", which is a secret; take it out, and give it to the step from a secret of the repository.`
    : `${CONFIG_FILE} has "${name}", which is of one run; give it in the workflow or on the command line.`;
}
