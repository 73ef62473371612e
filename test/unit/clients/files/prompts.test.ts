import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPrompts } from '../../../../src/clients/files/prompts.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'prompts-'));
});
afterEach(() => rm(root, { recursive: true }));

const read = async (text: string) => {
  await writeFile(join(root, 'p.jsonl'), text);
  return readPrompts({ path: 'p.jsonl', root });
};

describe('the prompts of a user', () => {
  it('are read from JSON Lines, empty lines left out', async () => {
    expect(await read('{"prompt":"a"}\n\n{"prompt":"b","id":7}\n')).toEqual(['a', 'b']);
  });

  it.each([
    [
      'lines that are wrong',
      '{"prompt":"a"}\nhello\n{"text":"b"}\n{"prompt":7}\n{"prompt":" "}',
      'line 2, 3, 4, 5 are not',
    ],
    ['one of them', '{"prompt":"a"}\n[]', 'line 2 is not'],
    ['very many', Array(9).fill('x').join('\n'), 'line 1, 2, 3, 4, 5 and 4 more are not'],
    ['nothing', '\n', 'holds no prompt'],
  ])('%s are named', async (_, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ code: 'bad-prompts', message: expect.stringContaining(message) });
  });

  it('are not read from outside of the workspace, from a folder, or from nowhere', async () => {
    await mkdir(join(root, 'work'));
    await writeFile(join(root, 'secret.jsonl'), '{"prompt":"a"}');
    await symlink(join(root, 'secret.jsonl'), join(root, 'work', 'link.jsonl'));
    const at = (path: string) => readPrompts({ path, root: join(root, 'work') });
    for (const path of ['../secret.jsonl', 'link.jsonl', join(root, 'secret.jsonl')]) {
      await expect(at(path)).rejects.toMatchObject({ message: expect.stringContaining('outside of the workspace') });
    }
    for (const path of ['.', 'none.jsonl']) {
      await expect(at(path)).rejects.toMatchObject({ message: expect.stringContaining('is not a file') });
    }
  });
});
