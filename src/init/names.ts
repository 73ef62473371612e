import type { Answers } from './answers.ts';

/** Environment whose reviewers approve what costs money. */
export const ENVIRONMENT = 'tpu';

/** Label of a pull request that is to be measured. */
export const LABEL = 'measure';

/** Names of what is set up in Google Cloud for one repository. */
export interface CloudNames {
  /** Custom role and service account of the runs that lease nodes. */
  role: string;
  account: string;
  /** Custom role and service account of the check of every push. */
  readingRole: string;
  readingAccount: string;
  identityPool: string;
  identityProvider: string;
  /** Full name of the provider, as the input `workload-identity-provider` takes it. */
  provider: string;
  /** Principal of a job by what its token has as its subject. */
  principal: (subject: string) => string;
  /** Subjects that may become `account`, and those that may become `readingAccount`. */
  subjects: string[];
  readingSubjects: string[];
}

/** Permissions of the custom roles: those of manifests/rbac/iam-role.yaml and manifests/rbac/read-only/iam-role.yaml. */
export const PERMISSIONS = {
  role: [
    'container.clusters.get',
    'container.clusters.update',
    'container.clusters.connect',
    'container.operations.get',
    'container.operations.list',
  ],
  readingRole: ['container.clusters.get', 'container.clusters.connect', 'container.operations.list'],
} as const;

type Named = Pick<Answers, 'project' | 'projectNumber' | 'repository' | 'branch'>;

/** The names, as docs/quickstart.md has them. */
export function cloudNames({ project, projectNumber, repository, branch }: Named): CloudNames {
  const identityPool = 'github';
  const pool = `projects/${projectNumber}/locations/global/workloadIdentityPools/${identityPool}`;
  const identityProvider = providerId(repository);
  const subject = (rest: string) => `repo:${repository}:${rest}`;
  // A project of a domain, `example.com:name`, has its accounts under `name.example.com`.
  const domain = project.includes(':') ? project.split(':').reverse().join('.') : project;
  return {
    role: 'tpuServingGate',
    account: `gate@${domain}.iam.gserviceaccount.com`,
    readingRole: 'tpuServingGatePreflight',
    readingAccount: `gate-preflight@${domain}.iam.gserviceaccount.com`,
    identityPool,
    identityProvider,
    provider: `${pool}/providers/${identityProvider}`,
    principal: (each) => `principal://iam.googleapis.com/${pool}/subject/${each}`,
    subjects: [subject(`environment:${ENVIRONMENT}`), subject(`ref:refs/heads/${branch}`)],
    readingSubjects: [subject('pull_request')],
  };
}

/** An ID of a provider has 4 to 32 lower-case letters, digits and hyphens, and must not begin with `gcp-`. */
function providerId(repository: string): string {
  const name = (repository.split('/')[1] ?? '').toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const trimmed = name
    .replace(/^-+|-+$/g, '')
    .slice(0, 27)
    .replace(/-+$/, '');
  return trimmed.length < 4 || trimmed.startsWith('gcp-') ? `repo-${trimmed || 'gate'}` : trimmed;
}
