import { createHash } from 'node:crypto';
import { branchProblem } from '../../lib/branch.ts';
import type { Verdict } from '../../report/model.ts';
import type { Parser, Reading } from '../row.ts';
import { shorten } from '../shorten.ts';
import { listOf } from './basic.ts';
import { place } from './place.ts';

/** Verdicts that fail the job. */
export const failOn: Parser<Exclude<Verdict, 'pass'>[]> = ({ text, bad }, name) => {
  const value = text(name);
  const allowed = ['fail', 'inconclusive', 'invalid', 'error'] as const;
  if (value === 'never') return [];
  const parts = listOf(value);
  const found = parts.flatMap((part) => allowed.filter((option) => option === part));
  if (parts.length === 0 || found.length !== parts.length) {
    bad(name, value, `"never", or any of ${allowed.join(', ')} with commas`);
  }
  return found;
};

/**
 * The id of a comment. Default: the workflow, the job, and what is measured where. Legs of a matrix share the first two
 * and must not write into each other's comment.
 */
export const commentId: Parser<string> = (reading, name) => {
  const { text, env, bad } = reading;
  const value = text(name);
  const id = value || [env.GITHUB_WORKFLOW, env.GITHUB_JOB, legOf(reading)].filter(Boolean).join('/');
  const clean = id.replace(/[^A-Za-z0-9._/-]+/g, '-').slice(0, 100);
  if (value !== '' && clean !== value) bad(name, value, 'letters, digits, dot, slash, hyphen, underscore');
  return clean;
};

/** A short hash of what is measured where; empty where no cluster is read. */
function legOf(reading: Reading): string {
  if (!reading.reads('place')) return '';
  const leg = [place(reading, 'cluster'), ...['node-pool', 'namespace', 'manifests', 'pattern'].map(reading.text)];
  return createHash('sha256').update(JSON.stringify(leg)).digest('hex').slice(0, 6);
}

/** A whole commit hash; empty for none. */
export const headSha: Parser<string> = ({ text, bad }, name) => {
  const sha = text(name);
  if (sha !== '' && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(sha)) bad(name, sha, 'a whole commit hash');
  return sha;
};

/** The path of a result. Either a result or a history branch must be given. */
export const result: Parser<string> = ({ text, problem }, name) => {
  if (text(name) === '' && text('history-branch') === '') {
    problem('Mode "report" needs the input "result", the result.json of a run, or "history-branch", or both.');
  }
  return text(name);
};

/** The branch of a history; empty for no history. A branch needs a token. */
export const historyBranch: Parser<string> = ({ text, problem }, name) => {
  const branch = text(name);
  if (branch === '') return branch;
  const wrong = branchProblem(`Input "${name}"`, branch);
  if (wrong) problem(wrong);
  if (text('github-token') === '') problem('Input "github-token" is empty; a history branch needs one.');
  return branch;
};

/** Whether an earlier verdict may count; `auto` needs a history to read. */
export const reuse: Parser<'never' | 'auto'> = ({ text, bad, problem }, name) => {
  const value = text(name);
  if (value !== 'auto' && value !== 'never') bad(name, value, '"never" or "auto"');
  if (value === 'auto' && text('history-branch') === '') {
    problem(`Input "${name}" is "auto", which needs "history-branch": the branch that has the verdicts.`);
  }
  return value === 'auto' ? 'auto' : 'never';
};

/** The address of a page without a fragment, which the gate adds; empty for none. */
export const pageUrl: Parser<string> = ({ text, bad }, name) => {
  const address = text(name);
  if (address !== '' && !/^https?:\/\/[^\s<>"#]+$/.test(address))
    bad(name, address, 'an http or https address without #');
  return address;
};

/** The name of a series. */
export const historySeries: Parser<string> = ({ text, problem }, name) => {
  const series = text(name);
  if (!/^[\w.-]{1,100}$/.test(series)) {
    problem(`Input "${name}" is "${shorten(series)}"; allowed: letters, digits, dot, hyphen, underscore.`);
  }
  return series;
};
