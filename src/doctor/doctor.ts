import type { RepositorySetup } from '../clients/github/setup.ts';
import type { Answers } from '../init/answers.ts';
import type { World } from '../init/discover.ts';
import { cloudNames } from '../init/names.ts';
import { resolveAnswers } from '../init/resolve.ts';
import { stepsOf } from '../init/steps.ts';
import { checkCheckout } from './checkout.ts';
import { checkCluster } from './cluster.ts';
import type { Commands, Finding } from './finding.ts';
import { checkGithub } from './github.ts';
import { checkGoogle } from './google.ts';

export interface DoctorOptions {
  given: Partial<Answers>;
  world: World;
  root: string;
  /** `owner/name@ref` of this version of the gate. */
  gate: string;
  version: string;
  /** Of a repository; null where there is no token to ask with. */
  github: (repository: string) => RepositorySetup | null;
}

/** Looks at everything that `init` writes and names, and changes nothing. Returns what it found, or which inputs it needs. */
export async function doctor(options: DoctorOptions): Promise<{ findings: Finding[] } | { problems: string[] }> {
  const { world, root, version, github } = options;
  const resolved = await resolveAnswers({ ...options, asker: null });
  if ('problems' in resolved) return resolved;
  const { answers } = resolved;
  const names = cloudNames(answers);
  const steps = stepsOf(answers);
  const commands: Commands = (step, index) => {
    const all = steps[step].commands;
    return index === undefined ? all.join(' && ') : (all[index] ?? '');
  };
  const parts = await Promise.all([
    checkCheckout(root, version),
    world.admin(answers.project).then((admin) => checkGoogle(admin, answers, names, commands)),
    checkCluster(world, answers, names, commands),
    checkGithub(github(answers.repository), answers, commands),
  ]);
  return { findings: parts.flat() };
}

const MARKS = { ok: 'ok', missing: 'missing', 'not-checked': 'not checked' } as const;

/** The findings as lines, each remedy below its finding, and the count of each state. */
export function findingLines(findings: readonly Finding[]): string[] {
  const lines = findings.flatMap(({ title, state, seen, remedy }) => [
    `${MARKS[state].padEnd(13)}${title}: ${seen}`,
    ...(remedy === null ? [] : [`${' '.repeat(13)}${remedy}`]),
  ]);
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length;
  return [...lines, '', `${count('ok')} ok, ${count('missing')} missing, ${count('not-checked')} not checked.`];
}
