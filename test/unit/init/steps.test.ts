import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkedAnswers } from '../../../src/init/answers.ts';
import { PERMISSIONS } from '../../../src/init/names.ts';
import { scriptOf, stepsOf } from '../../../src/init/steps.ts';
import { shellWord } from '../../../src/lib/shell.ts';
import { commandsOf, fences } from '../../checks/fences.ts';
import { root } from '../../checks/root.ts';

const ANSWERS = {
  ...{ project: 'my-project', projectNumber: '123456789012', location: 'us-east5-a', cluster: 'mine', pool: 'v6e' },
  ...{ gateway: 'opendatahub/inference-gateway', namespace: 'llm-d-inference-scheduling' },
  ...{ manifests: 'manifests/pattern3', repository: 'my-org/my-repo', branch: 'main', gate: 'o/gate@v1' },
};

const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('the commands', () => {
  const script = scriptOf(stepsOf(ANSWERS));

  it('are shell', () => {
    execFileSync('bash', ['-n', '-c', script]);
  });

  it('are those of the quick start, with the values filled in', () => {
    const verbs = (text: string) =>
      [...text.matchAll(/\b(?:gcloud|gh)(?: [a-z][a-z-]*)+/g)].map(([words]) =>
        words.replace(/ (?:gate|github)\b.*$/, ''),
      );
    const page = fences(read('docs/quickstart.md'), 'sh').flatMap(commandsOf).join('\n');
    const own = new Set(verbs(script));
    const setup = verbs(page).filter((words) => /iam|services|add-iam|label|api --|get-credentials/.test(words));
    expect(setup.length).toBeGreaterThan(8);
    expect(setup.filter((words) => ![...own].some((each) => each.startsWith(words) || words.startsWith(each)))).toEqual(
      [],
    );
  });

  it('choose the cluster before the first of kubectl', () => {
    const at = (text: string) => script.indexOf(text);
    expect(
      at('gcloud container clusters get-credentials mine --location us-east5-a --project my-project'),
    ).toBeGreaterThan(0);
    expect(at('get-credentials')).toBeLessThan(at('\nkubectl'));
  });

  it('grant the permissions of manifests/rbac', () => {
    const of = (path: string) => (parse(read(path)) as { includedPermissions: string[] }).includedPermissions;
    expect(of('manifests/rbac/iam-role.yaml')).toEqual(PERMISSIONS.role);
    expect(of('manifests/rbac/read-only/iam-role.yaml')).toEqual(PERMISSIONS.readingRole);
  });

  it('leave no name of an example', () => {
    const other = scriptOf(stepsOf({ ...ANSWERS, project: 'other-one', namespace: 'stack', gateway: 'edge/gw' }));
    expect(other.match(/IDENTITY|NAMESPACE|my-project\/|gate@my-project\.iam\.gserviceaccount\.com(?!\|)/g)).toBeNull();
    expect(other).toContain('s|namespace: opendatahub|namespace: edge|');
  });
});

it.each(["it's", '$(rm -rf /)', 'a b', '`x`', '', 'a\nb', '"', '!', '*', 'ä'])('%j is one word of a shell', (word) => {
  expect(execFileSync('bash', ['-c', `printf %s ${shellWord(word)}`]).toString()).toBe(word);
});

it.each([
  ['project', "x'; rm -rf /"],
  ['cluster', 'a$(x)'],
  ['pool', 'a b'],
  ['namespace', 'a|b'],
  ['gateway', 'a/b;c'],
  ['repository', 'a/b`c`'],
  ['branch', "main'"],
  ['manifests', 'a/../../b'],
  ['gate', 'a/b@x y'],
  ['projectNumber', '1; x'],
] as const)('--%s may not be %j', (name, value) => {
  expect(checkedAnswers({ [name]: value })).toHaveProperty('problems');
});
