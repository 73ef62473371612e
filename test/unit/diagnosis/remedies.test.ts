import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { gateSource } from '../../../src/clients/runner/identity.ts';
import { explain } from '../../../src/diagnosis/explain.ts';
import { gateFile, grantCommand } from '../../../src/lib/gate-files.ts';
import { VERSION } from '../../../src/lib/version.ts';
import { renderComment } from '../../../src/report/comment/comment.ts';
import { fold } from '../../../src/report/fold.ts';
import { renderVerdictText } from '../../../src/report/formats/text.ts';
import { aReport } from '../report/fixtures.ts';
import { FIXTURES } from './fixtures.ts';

const SOURCE = { server: 'https://github.com', repository: 'acme/gate', ref: 'v1.2.3' };
const RAW = 'https://raw.githubusercontent.com/acme/gate/v1.2.3/';
const OWN_PATH = /(?<![\w./:-])(?:docs|manifests|rbac|components|networkpolicies|src|scripts|lab|test)\/[\w-]/;

const base = () => {
  const report = aReport();
  return { ...report, tool: { ...report.tool, source: SOURCE } };
};

describe.each(Object.keys(FIXTURES))('the remedy of %s', (cause) => {
  const diagnosis = explain(FIXTURES[cause]!.hit);

  it('works in the repository of a user, and has a link to the cause at the version that ran', () => {
    const { diagnosis: shown } = fold(base(), { type: 'diagnosed', diagnosis });
    expect(shown?.remedy).not.toMatch(OWN_PATH);
    expect(shown?.remedy).not.toContain('gate-file:');
    expect(shown?.link).toBe(
      `https://github.com/acme/gate/blob/v1.2.3/docs/troubleshooting.md#${cause.toLowerCase().replaceAll('.', '')}`,
    );
  });
});

describe('the report', () => {
  const failed = () => {
    const { failure } = FIXTURES['gke.stockout']!.hit;
    const start = { ...base(), verdict: 'error' as const };
    const ended = fold(start, { type: 'ended', verdict: 'error', reasons: ['No.'], finishedAt: '', failure });
    return fold(ended, { type: 'diagnosed', diagnosis: explain(FIXTURES['gke.stockout']!.hit) });
  };

  it('links the cause in the comment and at the terminal', () => {
    const address = 'https://github.com/acme/gate/blob/v1.2.3/docs/troubleshooting.md#gkestockout';
    const report = failed();
    const comment = renderComment(report, { id: 'a', reportLinks: {} } as never);
    expect(comment).toContain(`**More:** [\`gke.stockout\`](${address})`);
    expect(renderVerdictText(report).join('\n')).toContain(`more        ${address}`.slice(12));
  });

  it('has the addresses of files in lines of preflight and in hints', () => {
    const remedy = `\`curl -fsSL ${gateFile('manifests/a.yaml')}\``;
    const line = { id: 'x', title: 'X', outcome: 'fail' as const, seen: '', remedy, code: null, blame: null };
    const report = fold(base(), { type: 'preflight', lines: [line] });
    expect(report.preflight[0]?.remedy).toBe(`\`curl -fsSL ${RAW}manifests/a.yaml\``);
  });

  it('leaves the repository to the reader where it is not known', () => {
    const line = {
      id: 'x',
      title: 'X',
      outcome: 'fail' as const,
      seen: '',
      remedy: gateFile('a'),
      code: null,
      blame: null,
    };
    expect(fold(aReport(), { type: 'preflight', lines: [line] }).preflight[0]?.remedy).toBe(
      'https://raw.githubusercontent.com/OWNER/tpu-serving-gate/REF/a',
    );
  });
});

describe('where the gate’s own files are', () => {
  const step = { GITHUB_ACTIONS: 'true', INPUT_MODE: 'validate', GITHUB_REPOSITORY: 'me/mine', GITHUB_SHA: 'abc' };

  it.each([
    ['the action that runs', { ...step, GITHUB_ACTION_REPOSITORY: 'acme/gate', GITHUB_ACTION_REF: 'v1.2.3' }, SOURCE],
    ['an action by its path', step, { server: 'https://github.com', repository: 'me/mine', ref: 'abc' }],
    [
      'a branch with a slash',
      { ...step, GITHUB_ACTION_REPOSITORY: 'a/b', GITHUB_ACTION_REF: 'feat/x' },
      { server: 'https://github.com', repository: 'a/b', ref: 'feat/x' },
    ],
    [
      'a server of its own',
      { ...step, GITHUB_SERVER_URL: 'https://ghe.acme.com', GITHUB_ACTION_REPOSITORY: 'a/b', GITHUB_ACTION_REF: 'v1' },
      { server: 'https://ghe.acme.com', repository: 'a/b', ref: 'v1' },
    ],
  ])('is known of %s', (_, env, source) => {
    expect(gateSource(env)).toEqual(source);
  });

  it('is known of an action that a called workflow has downloaded, although the runner does not name it', () => {
    const entry = '/home/runner/work/_actions/acme/gate/feat/x/dist/main.js';
    expect(gateSource(step, entry)).toEqual({ server: 'https://github.com', repository: 'acme/gate', ref: 'feat/x' });
    expect(gateSource({}, entry)).toMatchObject({ ref: `v${VERSION}` });
  });

  it.each([
    ['the command line', {}],
    ['a script of a workflow', { GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'me/mine', GITHUB_SHA: 'abc' }],
  ])('is the tag of this version for %s', (_, env) => {
    expect(gateSource(env)).toMatchObject({ server: 'https://github.com', ref: `v${VERSION}` });
    expect(gateSource(env).repository).not.toBe('me/mine');
  });
});

describe('the command that grants roles', () => {
  /** What it would apply, with the files of this repository in place of those on the web. */
  function applied(command: string): string {
    const local = command
      .replaceAll('`', '')
      .replaceAll('curl -fsSL gate-file:', 'cat ')
      .replace(/ \| kubectl apply -f -$/, '');
    return execFileSync('sh', ['-c', local], { encoding: 'utf8', cwd: new URL('../../../', import.meta.url) });
  }

  it('has the namespaces of the run, and leaves the identity to the reader', () => {
    const names = { namespace: 'mine', leaseNamespace: 'leases', gatewayNamespace: 'gw' };
    const text = applied(grantCommand(['serving', 'lease', 'gateway', 'nodes'], names));
    const spaces = [...text.matchAll(/^ {2}namespace: (\S+)/gm)].map(([, name]) => name);
    expect(new Set(spaces)).toEqual(new Set(['mine', 'leases', 'gw']));
    expect(text).not.toContain('my-project');
    expect(text.match(/name: IDENTITY/g)).toHaveLength(4);
    expect(text.match(/^kind: (?:Cluster)?RoleBinding/gm)).toHaveLength(4);
  });

  it('takes no name into the shell that is none of Kubernetes', () => {
    const command = grantCommand(['serving'], { namespace: `x; touch /tmp/y '` });
    expect(command).not.toContain('touch');
    expect(applied(command)).toContain('namespace: NAMESPACE');
  });
});
