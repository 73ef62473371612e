import { CLUSTER_NAME, clusterParts, LOCATION, PROJECT_ID } from '../lib/place.ts';

/** What `init` has to know of a project, a cluster and a repository, by the flag that gives it. */
export interface Answers {
  project: string;
  projectNumber: string;
  location: string;
  cluster: string;
  pool: string;
  /** `namespace/name`. */
  gateway: string;
  /** Of the serving stack. */
  namespace: string;
  /** Folder of the stack in the repository. */
  manifests: string;
  /** `owner/name` on GitHub. */
  repository: string;
  /** Default branch of the repository. */
  branch: string;
  /** Repository of the gate with the version that the workflows call: `owner/name@ref`. */
  gate: string;
}

export type AnswerName = keyof Answers;

interface AnswerRow {
  flag: string;
  value: string;
  /** For help, and above the question. */
  description: string;
  pattern: RegExp;
  /** What the pattern allows, for a sentence. */
  allowed: string;
}

const NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Every answer, in the order of the questions. */
export const ANSWER_ROWS: Readonly<Record<AnswerName, AnswerRow>> = {
  repository: {
    flag: 'repository',
    value: 'OWNER/NAME',
    description: 'Repository on GitHub that the workflows are for. Default: the remote "origin".',
    pattern: /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})\/[\w.-]{1,100}$/,
    allowed: 'OWNER/NAME',
  },
  branch: {
    flag: 'branch',
    value: 'NAME',
    description:
      'Default branch of the repository, which may lease nodes unattended. Default: that of "origin", or main.',
    pattern: /^(?!.*\.\.)[\w.-]+(?:\/[\w.-]+)*$/,
    allowed: 'the name of a branch',
  },
  project: {
    flag: 'project',
    value: 'ID',
    description: 'Google Cloud project of the cluster. Default: that of gcloud.',
    pattern: PROJECT_ID,
    allowed: 'a project ID (not its number or display name)',
  },
  projectNumber: {
    flag: 'project-number',
    value: 'NUMBER',
    description: 'Number of the project, which the identity provider is named by. Default: Google Cloud is asked.',
    pattern: /^\d{6,20}$/,
    allowed: 'the number of a project',
  },
  cluster: {
    flag: 'cluster',
    value: 'NAME',
    description: 'GKE cluster, by name or as projects/P/locations/L/clusters/C. Default: the only one of the project.',
    pattern: CLUSTER_NAME,
    allowed: 'the name of a GKE cluster, or projects/P/locations/L/clusters/C',
  },
  location: {
    flag: 'location',
    value: 'ZONE',
    description: 'Zone or region of the cluster, such as europe-west4-a. Default: Google Cloud is asked.',
    pattern: LOCATION,
    allowed: 'a zone or region, such as europe-west4-a',
  },
  pool: {
    flag: 'pool',
    value: 'NAME',
    description: 'Node pool with TPU nodes. Default: the only one of the cluster.',
    pattern: /^[a-z](?:[a-z0-9-]{0,38}[a-z0-9])?$/,
    allowed: 'the name of a node pool',
  },
  namespace: {
    flag: 'namespace',
    value: 'NAME',
    description: 'Namespace of the serving stack. Default: llm-d-inference-scheduling.',
    pattern: NAME,
    allowed: 'the name of a namespace',
  },
  gateway: {
    flag: 'gateway',
    value: 'NAMESPACE/NAME',
    description: 'Gateway of the stack. Default: the only one that takes routes of the namespace.',
    pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\/[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?$/,
    allowed: 'NAMESPACE/NAME, such as opendatahub/inference-gateway',
  },
  manifests: {
    flag: 'manifests',
    value: 'FOLDER',
    description:
      'Folder of the stack in the repository. Default: manifests/pattern3, which is written if it is not there.',
    pattern: /^(?!\/)(?!.*(?:^|\/)\.\.?(?:\/|$))[\w./-]{1,200}$/,
    allowed: 'a folder below the root of the repository, of letters, digits, ".", "_", "-" and "/"',
  },
  gate: {
    flag: 'gate',
    value: 'OWNER/NAME@REF',
    description:
      'Repository of the gate, and the tag or commit whose workflows are called. Default: the commit of its checkout, or this version.',
    pattern: /^[A-Za-z0-9][A-Za-z0-9-]{0,38}\/[\w.-]{1,100}@[\w.+-]+(?:\/[\w.+-]+)*$/,
    allowed: 'OWNER/NAME@REF',
  },
};

/** Answers that were given, or a sentence for each that is wrong. A full name of the cluster gives its parts. */
export function checkedAnswers(
  given: Partial<Record<AnswerName, string>>,
): { answers: Partial<Answers> } | { problems: string[] } {
  const problems: string[] = [];
  const answers: Partial<Answers> = {};
  const parts: Partial<ReturnType<typeof clusterParts> & object> = clusterParts(given.cluster ?? '') ?? {};
  for (const name of ['project', 'location'] as const) {
    const other = parts[name];
    if (other !== undefined && given[name] !== undefined && given[name] !== other) {
      problems.push(`--cluster (${name} ${shown(other)}) and --${name} (${shown(given[name])}) contradict each other.`);
    }
  }
  for (const [name, value] of Object.entries({ ...given, ...parts }) as [AnswerName, string][]) {
    const { flag, pattern, allowed } = ANSWER_ROWS[name];
    if (pattern.test(value)) answers[name] = value;
    else problems.push(`--${flag} is "${shown(value)}"; allowed: ${allowed}.`);
  }
  return problems.length > 0 ? { problems } : { answers };
}

/** A value for a sentence: on one line, and short. */
const shown = (value: string) => {
  const line = value.replace(/[\p{C}\s]+/gu, ' ');
  return line.length > 80 ? `${line.slice(0, 77)}…` : line;
};
