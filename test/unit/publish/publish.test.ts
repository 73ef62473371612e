import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startGithub } from '../../../lab/github/server.ts';
import type { Inject } from '../../../lab/google/http.ts';
import type { GithubRecord } from '../../../lab/protocol.ts';
import type { ProgressEvent } from '../../../src/progress/events.ts';
import { type Published, publish } from '../../../src/publish/publish.ts';
import type { Report } from '../../../src/report/model.ts';
import { releaseFailed } from '../../../src/stages/release/released.ts';
import { aReport } from '../report/fixtures.ts';
import { LEASE, someInputs, texts } from '../stages/fakes.ts';

const TOKEN = 'ghs_secret_of_the_run';
let folder = '';
let github: Awaited<ReturnType<typeof startGithub>>;
let answer: Inject;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'publish-'));
  answer = () => undefined;
  const config = { token: TOKEN, login: 'github-actions[bot]', repository: 'o/r', pullRequests: [7] };
  github = await startGithub(config, (request) => answer(request));
});
afterEach(async () => {
  await github.close();
  await rm(folder, { recursive: true });
});

interface Given {
  inputs?: Record<string, string>;
  outputDir?: string;
  redact?: (text: string) => string;
}

async function give(report: Report, given: Given = {}): Promise<Published & { said: string[] }> {
  const said: ProgressEvent[] = [];
  const published = await publish(report, {
    inputs: someInputs({ 'github-token': TOKEN, ...given.inputs }),
    env: { GITHUB_API_URL: github.apiUrl },
    outputDir: given.outputDir ?? folder,
    emit: (event) => said.push(event),
    redact: given.redact ?? ((text) => text),
    signal: new AbortController().signal,
    limitMs: 20_000,
    requests: null,
  });
  return { ...published, said: texts(said) };
}

async function comments(): Promise<string[]> {
  const record = (await (await fetch(`${github.controlUrl}/record`)).json()) as GithubRecord;
  return record.comments.map(({ body }) => body);
}

const pass = aReport();
const fail = aReport({ verdict: 'fail', reasons: ['The speedup is wholly below 2.5×.'] });
const leak = aReport({ release: releaseFailed(LEASE, new Error('no answer')).release });
const forNobody = aReport({ run: { ...pass.run, pullRequest: null } });

describe('the comment', () => {
  it.each<[mode: string, what: string, report: Report, written: number]>([
    ['auto', 'a pass', pass, 1],
    ['always', 'a pass', pass, 1],
    ['on-failure', 'a pass', pass, 0],
    ['on-failure', 'a failure', fail, 1],
    ['on-failure', 'a pass that leaks nodes', leak, 1],
    ['off', 'a failure', fail, 0],
    ['auto', 'a run without a pull request', forNobody, 0],
  ])('in mode %s for %s', async (comment, _, report, written) => {
    const { commentUrl, said } = await give(report, { inputs: { comment } });
    expect(await comments()).toHaveLength(written);
    expect(commentUrl).toEqual(written ? expect.stringMatching(/^https:\/\/github\.com\/o\/r\/pull\/7#/) : null);
    expect(said).toEqual(written ? [`comment: ${commentUrl}`] : []);
  });

  it('on failure corrects after a pass what an earlier run has said', async () => {
    const inputs = { comment: 'on-failure' };
    await give(fail, { inputs });
    expect((await comments())[0]).toContain('Fail');
    const later = aReport({ run: { ...pass.run, number: 413 } });
    expect((await give(later, { inputs })).commentUrl).not.toBeNull();
    const [only, ...more] = await comments();
    expect(more).toEqual([]);
    expect(only).toContain('Pass');
  });

  it('is not written without a token', async () => {
    expect((await give(fail, { inputs: { 'github-token': '' } })).commentUrl).toBeNull();
    expect(await comments()).toEqual([]);
  });

  it('that cannot be written is a warning with what to do, and the files are there', async () => {
    answer = () => ({ status: 403, body: { message: 'Resource not accessible by integration' } });
    const { commentUrl, resultPath, said } = await give(fail);
    expect(commentUrl).toBeNull();
    expect(said).toEqual([expect.stringContaining('pull-requests: write')]);
    expect(resultPath).toBe(join(folder, 'result.json'));
  });
});

const FILES = [
  'bencher.json',
  'benchmark.json',
  'comment.md',
  'junit.xml',
  'llm-d-all.json',
  'llm-d-goodput-all-1.json',
  'llm-d-goodput-all-2.json',
  'llm-d-goodput-all-3.json',
  'llm-d-goodput-one-1.json',
  'llm-d-goodput-one-2.json',
  'llm-d-goodput-one-3.json',
  'llm-d-one.json',
  'llm-d-open.json',
  'metrics.txt',
  'result.json',
  'summary.md',
];

describe('the files', () => {
  it('are the report, its renderings, and the same for other tools', async () => {
    const { resultPath, summary } = await give(pass, { inputs: { comment: 'off' } });
    expect((await readdir(folder)).sort()).toEqual(FILES);
    expect(JSON.parse(await readFile(resultPath ?? '', 'utf8'))).toEqual(pass);
    expect(await readFile(join(folder, 'summary.md'), 'utf8')).toBe(summary);
  });

  it('that cannot be written are a warning, and the comment comes all the same', async () => {
    const file = join(folder, 'taken');
    await writeFile(file, '');
    const { resultPath, commentUrl, said } = await give(pass, { outputDir: file });
    expect(resultPath).toBeNull();
    expect(commentUrl).not.toBeNull();
    expect(said[0]).toContain(`the result files were not written to ${file}: `);
  });

  it('and the comment hold no secret', async () => {
    const secret = 'ya29.secret-token';
    const report = aReport({ verdict: 'error', reasons: [`refused: ${secret}`] });
    const { summary } = await give(report, { redact: (text) => text.replaceAll(secret, '***') });
    const names = await readdir(folder);
    const written = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
    for (const text of [...written, ...(await comments()), summary]) expect(text).not.toContain(secret);
    // Figures alone have no place for the sentence.
    const withSentence = written.filter((_, at) => !/^(bencher|benchmark|llm-d-.*|metrics)\./.test(names[at] ?? ''));
    expect(withSentence).toHaveLength(4);
    for (const text of [...withSentence, ...(await comments()), summary]) expect(text).toContain('***');
  });
});
