import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readQualityTasks } from '../../../../src/clients/files/quality-tasks.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'tasks-'));
});
afterEach(() => rm(root, { recursive: true }));

const read = async (text: string) => {
  await writeFile(join(root, 't.jsonl'), text);
  return readQualityTasks({ path: 't.jsonl', root });
};
const line = (fields: object) => JSON.stringify({ prompt: 'How much is 2 + 3?', expected: '5', ...fields });

describe('the tasks of a user', () => {
  it('are read from JSON Lines, empty lines left out', async () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Yes or no?' },
    ];
    const lines = [
      line({ id: 7 }),
      '',
      JSON.stringify({ messages, expected: ['yes', 'Yes'], maxTokens: 4 }),
      JSON.stringify({ prompt: 'JSON of a', expectedJson: { a: [1, null] } }),
      line({ expected: 5 }),
    ];
    const asked = [{ role: 'user', content: 'How much is 2 + 3?' }];
    expect(await read(`${lines.join('\r\n')}\n`)).toEqual([
      { id: 'line-1', kind: 'own', messages: asked, expected: { texts: ['5'] }, maxTokens: 96 },
      { id: 'line-3', kind: 'own', messages, expected: { texts: ['yes', 'Yes'] }, maxTokens: 4 },
      {
        id: 'line-4',
        kind: 'own',
        messages: [{ role: 'user', content: 'JSON of a' }],
        expected: { json: { a: [1, null] } },
        maxTokens: 96,
      },
      { id: 'line-5', kind: 'own', messages: asked, expected: { texts: ['5'] }, maxTokens: 96 },
    ]);
  });

  it.each([
    ['no JSON', 'hello', 'line 2 is not a JSON object'],
    ['a list', '[]', 'line 2 is not a JSON object'],
    ['null', 'null', 'line 2 is not a JSON object'],
    ['no prompt', '{"expected":"5"}', 'line 2 needs either "prompt" or "messages"'],
    ['both', line({ messages: [] }), 'line 2 needs either "prompt" or "messages"'],
    ['an empty prompt', line({ prompt: ' ' }), 'line 2 has a "prompt" that is empty'],
    ['a prompt that is not a text', line({ prompt: 7 }), 'line 2 has a "prompt" that is not a text'],
    ['a prompt without an end', line({ prompt: 'x'.repeat(32_769) }), 'has more than 32768 characters'],
    [
      'no messages',
      line({ prompt: undefined, messages: [] }),
      'line 2 has "messages" that are not a list with an entry',
    ],
    [
      'messages of another type',
      line({ prompt: undefined, messages: 'x' }),
      'line 2 has "messages" that are not a list',
    ],
    [
      'a message of nobody',
      line({ prompt: undefined, messages: [{ role: 'tool', content: 'x' }] }),
      'line 2 has a message 1 without a role',
    ],
    [
      'a message that is null',
      line({ prompt: undefined, messages: [{ role: 'user', content: 'x' }, null] }),
      'has a message 2',
    ],
    ['no answer', '{"prompt":"x"}', 'line 2 needs either "expected" or "expectedJson"'],
    ['two answers', line({ expectedJson: 5 }), 'line 2 needs either "expected" or "expectedJson"'],
    ['no right answer', line({ expected: [] }), 'line 2 has an "expected" that is not a text'],
    ['an answer of another type', line({ expected: ['5', {}] }), 'line 2 has an "expected" that is not a text'],
    ['an answer without text', line({ expected: '' }), 'line 2 has an "expected" that is not a text'],
    ['no tokens', line({ maxTokens: 0 }), 'line 2 has a "maxTokens" that is not a whole number from 1 to 1024'],
    ['tokens without an end', line({ maxTokens: 1e9 }), 'line 2 has a "maxTokens"'],
  ])('are refused with the line and its fault: %s', async (_, wrong, message) => {
    await expect(read(`${line({})}\n${wrong}\n`)).rejects.toMatchObject({
      code: 'bad-quality-tasks',
      message: expect.stringContaining(`t.jsonl: ${message}`.replace('t.jsonl: has', 'has')),
    });
  });

  it('are at least one, and no more than can be put', async () => {
    await expect(read('\n')).rejects.toMatchObject({ message: 't.jsonl holds no task.' });
    await expect(read(`${line({})}\n`.repeat(2_001))).rejects.toMatchObject({ message: /more than 2000 tasks/ });
    expect(await read(`${line({})}\n`.repeat(2_000))).toHaveLength(2_000);
  });

  it('are not read from outside of the workspace, from a folder, or from nowhere', async () => {
    await mkdir(join(root, 'work'));
    await writeFile(join(root, 'secret.jsonl'), line({}));
    await symlink(join(root, 'secret.jsonl'), join(root, 'work', 'link.jsonl'));
    const at = (path: string) => readQualityTasks({ path, root: join(root, 'work') });
    for (const path of ['../secret.jsonl', 'link.jsonl']) {
      await expect(at(path)).rejects.toMatchObject({ message: expect.stringContaining('outside of the workspace') });
    }
    for (const path of ['.', 'none.jsonl']) {
      await expect(at(path)).rejects.toMatchObject({ message: expect.stringContaining('not a file of the workspace') });
    }
  });
});
