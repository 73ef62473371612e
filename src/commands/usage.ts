import { ACTION_GROUPS } from '../inputs/groups.ts';
import { rowsIn } from '../inputs/spec.ts';

/** Help of the command line: commands, flags and exit codes. */
export function usage(): string {
  const flags = rowsIn(ACTION_GROUPS).map(
    ([name, { default: value = '' }]) => `  --${name}${value === '' ? '' : `   (${value})`}`,
  );
  return [
    'tpu-serving-gate run --cluster NAME --location ZONE [flags]   lease, deploy, verify, measure, judge, give back',
    'tpu-serving-gate sweep --cluster NAME --location ZONE         give back pools whose lease has run out',
    'tpu-serving-gate cleanup --cluster NAME --location ZONE       the same, and ends stacks that were deployed to stay',
    'tpu-serving-gate report FILE [--format NAME]                  a result.json again, as text, comment, JUnit and more',
    'tpu-serving-gate compare A B                                  the result.json of two runs, side by side',
    'tpu-serving-gate history add FOLDER RESULT…                   keep results, a file for each series and month',
    'tpu-serving-gate history show FOLDER                          whether the newest is worse than those before it',
    'tpu-serving-gate history alert FOLDER                         open, write and close issues about it',
    'tpu-serving-gate history add|show|alert --branch NAME …       the same on a branch of GITHUB_REPOSITORY',
    'tpu-serving-gate page FOLDER | --branch NAME [--out FOLDER]   the history as one page of HTML',
    'tpu-serving-gate rehearse [--scenario NAME] [--kube real]     the same against the embedded lab',
    'tpu-serving-gate lab [--scenario NAME]                        the lab alone, for kubectl and gcloud',
    '',
    'run --json tells its progress as JSON Lines, run --quiet the verdict alone; at a terminal there is a live line.',
    '',
    'Flags of run, as the inputs in README.md; GITHUB_TOKEN stands in for --github-token:',
    ...flags,
    '',
    'Exit codes: 0 pass, 1 fail, 2 error, 3 bad usage, 4 inconclusive or invalid, 130 interrupted.',
  ].join('\n');
}
