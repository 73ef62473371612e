import { branchProblem } from '../lib/branch.ts';
import { nearest } from '../lib/suggest.ts';
import { type InputSource, shorten } from './fields.ts';
import { DEFAULTS, type Inputs, parseInputs } from './inputs.ts';

/** What the release needs of the inputs: identity and limits, in groups that only make sense together. */
const RELEASE_INPUTS: readonly (readonly string[])[] = [
  [
    'workload-identity-provider',
    'workload_identity_provider',
    'service-account',
    'service_account',
    'credentials-json',
    'credentials_json',
  ],
  ['dns-endpoint'],
  ['release-timeout'],
  ['poll-interval'],
  ['api-timeout'],
  ['price-per-chip-hour'],
  ['comment'],
  ['comment-id'],
  ['pr-number'],
  ['summary'],
  ['github-token'],
];

/**
 * Inputs for giving nodes back. A release must be tried whatever became of the inputs since the lease was taken, so what
 * is wrong is dropped and told, and nothing else. Where the nodes are is the lease's word.
 */
export function parseReleaseInputs(
  source: InputSource,
  lease: { projectId: string; location: string; cluster: string },
): { inputs: Inputs; problems: string[] } {
  const where: Record<string, string> = {
    'project-id': lease.projectId,
    location: lease.location,
    cluster: lease.cluster,
  };
  const attempt = (known: readonly string[]) =>
    parseInputs({
      get: (name) => where[name] ?? (known.includes(name) ? source.get(name) : undefined),
      given: [],
      env: source.env,
    });
  const problems: string[] = [];
  const good = RELEASE_INPUTS.filter((group) => {
    const alone = attempt(group);
    if ('problems' in alone) problems.push(...alone.problems);
    return 'inputs' in alone;
  });
  const parsed = attempt(good.flat());
  if ('inputs' in parsed) return { inputs: parsed.inputs, problems };
  // Only a lease that the gate did not write can be wrong itself.
  throw new TypeError(parsed.problems.join(' '));
}

/** What the sweeper asks for; a name that only the gate knows is as wrong there as one that nobody knows. */
export const SWEEP_INPUTS: readonly string[] = [
  'project-id',
  'project_id',
  'location',
  'cluster',
  'cluster_name',
  'dns-endpoint',
  'workload-identity-provider',
  'workload_identity_provider',
  'service-account',
  'service_account',
  'credentials-json',
  'credentials_json',
  'lease-namespace',
  'release-timeout',
  'poll-interval',
  'api-timeout',
  'github-token',
];

/** Inputs of a sweep, or every problem at once. `issue`: whether it writes one where it found something. */
export function parseSweepInputs(source: InputSource): { inputs: Inputs; issue: boolean } | { problems: string[] } {
  const issue = source.get('issue')?.trim() || 'true';
  const known = [...SWEEP_INPUTS, 'issue'];
  const problems = source.given
    .filter((name) => !known.includes(name))
    .map((name) => {
      const near = nearest(name.replaceAll('_', '-'), known);
      return `Input "${name}" is not known to the sweeper${near ? `; did you mean "${near}"?` : '.'}`;
    });
  if (issue !== 'true' && issue !== 'false') {
    problems.push(`Input "issue" is "${shorten(issue)}"; allowed: true or false.`);
  }
  const parsed = parseInputs({
    get: (name) => (SWEEP_INPUTS.includes(name) ? source.get(name) : undefined),
    given: [],
    env: source.env,
  });
  const all = [...problems, ...('problems' in parsed ? parsed.problems : [])];
  return 'inputs' in parsed && all.length === 0
    ? { inputs: parsed.inputs, issue: issue === 'true' }
    : { problems: all };
}

export interface ReportInputs {
  /** Empty for none: the history alone is looked at. */
  result: string;
  /** Empty for none. */
  historyBranch: string;
  historySeries: string;
  alertIssues: boolean;
  /** What is the same in all modes. */
  common: Inputs;
}

/** Inputs of `mode: report`, or every problem at once. What concerns Google Cloud is not asked for. */
export function parseReportInputs(source: InputSource): { inputs: ReportInputs } | { problems: string[] } {
  const own = ['comment', 'comment-id', 'pr-number', 'summary', 'fail-on', 'output-dir', 'github-token'];
  const parsed = parseInputs({
    get: (name) => NOWHERE[name] ?? (own.includes(name) ? source.get(name) : undefined),
    given: source.given,
    env: source.env,
  });
  const problems = 'problems' in parsed ? [...parsed.problems] : [];
  const value = (name: string) => source.get(name)?.trim() || (DEFAULTS[name] ?? '');
  const alertIssues = value('alert-issues').toLowerCase();
  const [result, historyBranch, historySeries] = [value('result'), value('history-branch'), value('history-series')];
  if (alertIssues !== 'true' && alertIssues !== 'false') {
    problems.push(`Input "alert-issues" is "${shorten(alertIssues)}"; allowed: true or false.`);
  }
  if (result === '' && historyBranch === '') {
    problems.push('Mode "report" needs the input "result", the result.json of a run, or "history-branch", or both.');
  }
  if (historyBranch !== '') {
    const problem = branchProblem('Input "history-branch"', historyBranch);
    if (problem) problems.push(problem);
    if (!value('github-token')) problems.push('Input "github-token" is empty; a history branch needs one.');
  }
  if (!/^[\w.-]{1,100}$/.test(historySeries)) {
    problems.push(
      `Input "history-series" is "${shorten(historySeries)}"; allowed: letters, digits, dot, hyphen, underscore.`,
    );
  }
  if (problems.length > 0 || !('inputs' in parsed)) return { problems };
  return {
    inputs: { result, historyBranch, historySeries, alertIssues: alertIssues === 'true', common: parsed.inputs },
  };
}

/** Names that satisfy what asks where the cluster is, in a mode that never asks the cluster. */
const NOWHERE: Readonly<Record<string, string>> = {
  'project-id': 'no-project',
  location: 'us-central1-a',
  cluster: 'none',
};
