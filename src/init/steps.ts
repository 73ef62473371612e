import { grantCommand, type Role, withAddresses } from '../lib/gate-files.ts';
import { shellLine } from '../lib/shell.ts';
import type { Answers } from './answers.ts';
import { cloudNames, ENVIRONMENT, LABEL, PERMISSIONS } from './names.ts';

/** One thing that is set up outside of the repository's files, and how. */
export type StepName =
  | 'apis'
  | 'accounts'
  | 'roles'
  | 'bindings'
  | 'provider'
  | 'subjects'
  | 'credentials'
  | 'namespace'
  | 'pull-secret'
  | 'rbac'
  | 'reading-rbac'
  | 'environment'
  | 'label';

export interface Step {
  title: string;
  /** Command lines for a POSIX shell, in their order. */
  commands: string[];
}

/** Everything to run once, with the values filled in: the quick start from its step 3 on. */
export function stepsOf(answers: Answers): Record<StepName, Step> {
  return { ...cloudSteps(answers), ...clusterSteps(answers), ...githubSteps(answers) };
}

const gcloud = (...words: string[]) => shellLine('gcloud', ...words);

function cloudSteps(answers: Answers) {
  const { project, repository } = answers;
  const names = cloudNames(answers);
  const inProject = ['--project', project];
  const role = (name: string, permissions: readonly string[]) =>
    gcloud('iam', 'roles', 'create', name, ...inProject, '--stage', 'GA', '--permissions', permissions.join(','));
  const bind = (account: string, name: string) =>
    gcloud(
      ...['projects', 'add-iam-policy-binding', project, '--role', `projects/${project}/roles/${name}`],
      ...['--member', `serviceAccount:${account}`, '--condition', 'None'],
    );
  const trust = (account: string) => (subject: string) =>
    gcloud(
      ...['iam', 'service-accounts', 'add-iam-policy-binding', account, ...inProject],
      ...['--role', 'roles/iam.workloadIdentityUser', '--member', names.principal(subject)],
    );
  const create = (account: string) =>
    gcloud('iam', 'service-accounts', 'create', account.split('@')[0] ?? '', ...inProject);
  return {
    apis: {
      title: 'APIs of the project',
      commands: [
        gcloud(
          ...['services', 'enable', 'container.googleapis.com', 'iamcredentials.googleapis.com'],
          ...['sts.googleapis.com', ...inProject],
        ),
      ],
    },
    accounts: { title: 'Service accounts', commands: [create(names.account), create(names.readingAccount)] },
    roles: {
      title: 'Custom roles',
      commands: [role(names.role, PERMISSIONS.role), role(names.readingRole, PERMISSIONS.readingRole)],
    },
    bindings: {
      title: 'Roles of the service accounts',
      commands: [bind(names.account, names.role), bind(names.readingAccount, names.readingRole)],
    },
    provider: {
      title: 'Identity provider for GitHub',
      commands: [
        gcloud(
          ...['iam', 'workload-identity-pools', 'create', names.identityPool, '--location', 'global', ...inProject],
        ),
        gcloud(
          ...['iam', 'workload-identity-pools', 'providers', 'create-oidc', names.identityProvider],
          ...['--location', 'global', '--workload-identity-pool', names.identityPool, ...inProject],
          ...['--issuer-uri', ISSUER],
          ...['--attribute-mapping', 'google.subject=assertion.sub,attribute.repository=assertion.repository'],
          ...['--attribute-condition', `assertion.repository == '${repository}'`],
        ),
      ],
    },
    subjects: {
      title: 'Jobs that may become a service account',
      commands: [
        ...names.subjects.map(trust(names.account)),
        ...names.readingSubjects.map(trust(names.readingAccount)),
      ],
    },
  } satisfies Partial<Record<StepName, Step>>;
}

/** Who signs the tokens of GitHub's jobs. */
export const ISSUER = 'https://token.actions.githubusercontent.com';

/** Files of roles that a run needs. */
const RUN_ROLES: readonly Role[] = ['serving', 'lease', 'gateway', 'nodes'];

function clusterSteps(answers: Answers) {
  const { project, location, cluster, namespace, gateway, gate } = answers;
  const names = cloudNames(answers);
  const [repository = '', ref = ''] = gate.split('@');
  const source = { server: 'https://github.com', repository, ref };
  const places = { namespace, leaseNamespace: 'default', gatewayNamespace: gateway.split('/')[0] ?? '' };
  const grant = (roles: readonly Role[], identity: string) =>
    withAddresses(grantCommand(roles, places), source).replaceAll('`', '').replace('IDENTITY', identity);
  const secret = shellLine('create', 'secret', 'docker-registry', 'redhat-pull-secret', '-n', namespace);
  const credentials = ['container', 'clusters', 'get-credentials', cluster, '--location', location];
  return {
    credentials: {
      title: 'The cluster, for kubectl',
      commands: [gcloud(...credentials, '--project', project)],
    },
    namespace: {
      title: 'Namespace of the stack',
      commands: [`kubectl create namespace ${namespace} --dry-run=client -o yaml | kubectl apply -f -`],
    },
    'pull-secret': {
      title: 'Pull secret for registry.redhat.io, with your account in REGISTRY_USER and REGISTRY_TOKEN',
      commands: [
        [
          `kubectl ${secret} --docker-server registry.redhat.io --docker-username "$REGISTRY_USER"`,
          '--docker-password "$REGISTRY_TOKEN" --dry-run=client -o yaml | kubectl apply -f -',
        ].join(' '),
      ],
    },
    rbac: { title: 'Roles of a run in the cluster', commands: [grant(RUN_ROLES, names.account)] },
    'reading-rbac': {
      title: 'Roles of preflight in the cluster',
      commands: [grant(['read-only/roles'], names.readingAccount)],
    },
  } satisfies Partial<Record<StepName, Step>>;
}

function githubSteps({ repository }: Answers) {
  const path = `repos/${repository}/environments/${ENVIRONMENT}`;
  return {
    environment: {
      title: `Environment "${ENVIRONMENT}", with you as its reviewer`,
      commands: [
        `gh api --method PUT ${path} -F 'reviewers[][type]=User' -F "reviewers[][id]=$(gh api user --jq .id)"`,
      ],
    },
    label: {
      title: `Label "${LABEL}"`,
      commands: [
        shellLine(
          ...['gh', 'label', 'create', LABEL, '--repo', repository],
          ...['--description', 'Measure this pull request on TPUs'],
        ),
      ],
    },
  } satisfies Partial<Record<StepName, Step>>;
}

/** The commands as a script with a comment above each step. */
export function scriptOf(steps: Readonly<Record<string, Step>>): string {
  return Object.values(steps)
    .map(({ title, commands }) => [`# ${title}`, ...commands].join('\n'))
    .join('\n\n');
}
