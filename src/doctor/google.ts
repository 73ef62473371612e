import type { Binding, Found, GoogleAdmin } from '../clients/google/admin.ts';
import type { Answers } from '../init/answers.ts';
import { type CloudNames, PERMISSIONS } from '../init/names.ts';
import { ISSUER } from '../init/steps.ts';
import { type Commands, type Finding, missing, notChecked, ok } from './finding.ts';

const USER = 'roles/iam.workloadIdentityUser';

/** What is set up in Google Cloud, as far as whoever runs the doctor may see it. */
export async function checkGoogle(
  admin: GoogleAdmin,
  answers: Answers,
  names: CloudNames,
  commands: Commands,
): Promise<Finding[]> {
  const all = await Promise.all([
    checkProvider(admin, answers, names, commands),
    checkRole(admin, answers, { ...names, index: 0, role: names.role, wanted: PERMISSIONS.role }, commands),
    checkRole(
      admin,
      answers,
      { ...names, index: 1, role: names.readingRole, wanted: PERMISSIONS.readingRole },
      commands,
    ),
    checkBindings(admin, answers, names, commands),
    checkSubjects(admin, names, { account: names.account, wanted: names.subjects, first: 0 }, commands),
    checkSubjects(
      admin,
      names,
      { account: names.readingAccount, wanted: names.readingSubjects, first: names.subjects.length },
      commands,
    ),
  ]);
  return all.flat();
}

async function checkProvider(
  admin: GoogleAdmin,
  { repository }: Answers,
  { provider }: CloudNames,
  commands: Commands,
): Promise<Finding> {
  const title = 'Identity provider';
  const found = await admin.provider(provider);
  if ('unknown' in found) return notChecked(title, found.unknown);
  if (found.is === null) return missing(title, `${provider} does not exist`, commands('provider'));
  const { isActive, issuer, subject, condition } = found.is;
  const wrong = [
    ...(isActive ? [] : ['it is disabled or deleted']),
    ...(issuer === ISSUER ? [] : [`its issuer is not ${ISSUER}`]),
    ...(subject === 'assertion.sub' ? [] : ['it does not map google.subject to assertion.sub']),
    ...(condition === '' ? ['it has no condition, so every repository on GitHub has an identity in the pool'] : []),
    ...(condition === '' || admits(condition, repository) ? [] : [`its condition does not name ${repository}`]),
  ];
  if (wrong.length === 0) return ok(title, `${provider}, for ${repository}`);
  const update = commands('provider', 1).replace(' create-oidc ', ' update-oidc ');
  return missing(title, wrong.join('; '), update);
}

/** A condition may name the repository, its owner, or an ID of either, which is not known here. */
function admits(condition: string, repository: string): boolean {
  return (
    condition.includes(repository) || condition.includes(repository.split('/')[0] ?? '') || /_id\b/.test(condition)
  );
}

async function checkRole(
  admin: GoogleAdmin,
  { project }: Answers,
  { role, wanted, index }: { role: string; wanted: readonly string[]; index: number },
  commands: Commands,
): Promise<Finding> {
  const title = `Role ${role}`;
  const full = `projects/${project}/roles/${role}`;
  const found = await admin.rolePermissions(full);
  if ('unknown' in found) return notChecked(title, found.unknown);
  if (found.is === null) return missing(title, `${full} does not exist`, commands('roles', index));
  const held = found.is;
  const lacking = wanted.filter((permission) => !held.includes(permission));
  if (lacking.length === 0) return ok(title, `has all ${wanted.length} permissions`);
  return missing(
    title,
    `lacks ${lacking.join(', ')}`,
    `gcloud iam roles update ${role} --project ${project} --add-permissions ${lacking.join(',')}`,
  );
}

async function checkBindings(
  admin: GoogleAdmin,
  { project }: Answers,
  names: CloudNames,
  commands: Commands,
): Promise<Finding[]> {
  const found = await admin.projectBindings(project);
  const pairs = [
    [names.account, names.role],
    [names.readingAccount, names.readingRole],
  ] as const;
  return pairs.map(([account, role], index) => {
    const title = `Role of ${account}`;
    const full = `projects/${project}/roles/${role}`;
    if ('unknown' in found) return notChecked(title, found.unknown);
    if (membersOf(found, full).includes(`serviceAccount:${account}`)) return ok(title, full);
    return missing(title, `the project has not bound it to ${full}`, commands('bindings', index));
  });
}

async function checkSubjects(
  admin: GoogleAdmin,
  names: CloudNames,
  { account, wanted, first }: { account: string; wanted: readonly string[]; first: number },
  commands: Commands,
): Promise<Finding[]> {
  const title = `Jobs that may become ${account}`;
  const found = await admin.accountBindings(account);
  if ('unknown' in found) return [notChecked(title, found.unknown)];
  if (found.is === null) {
    return [missing(title, 'the service account does not exist', commands('accounts', first === 0 ? 0 : 1))];
  }
  const members = membersOf(found, USER);
  const findings = wanted.map((subject, index) =>
    members.includes(names.principal(subject))
      ? ok(title, subject)
      : missing(title, `${subject} may not`, commands('subjects', first + index)),
  );
  // Anyone who may push a branch could write a workflow that leases nodes without approval.
  const wide = members.filter((member) => member.startsWith('principalSet:') || member === names.principal('*'));
  const narrow = (member: string) =>
    `gcloud iam service-accounts remove-iam-policy-binding ${account} --role ${USER} --member '${member}'`;
  return [
    ...findings,
    ...wide.map((member) => missing(title, `more jobs may than have to: ${member}`, narrow(member))),
  ];
}

function membersOf(found: Found<Binding[]>, role: string): string[] {
  if ('unknown' in found) return [];
  return (found.is ?? []).filter((binding) => binding.role === role).flatMap(({ members }) => members);
}
