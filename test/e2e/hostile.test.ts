import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { structureProblems } from '../unit/report/scan.ts';
import { type E2e, MINUTES, startE2e } from './e2e.ts';

let e2e: E2e;
afterEach(() => e2e?.stop());

describe('a container whose log is made to be taken for something else', () => {
  it(
    'commands no runner, leaves no fold open, and keeps its token to itself',
    async () => {
      e2e = await startE2e('hostile-words');
      const main = await e2e.job.main().done;
      const post = await e2e.job.post().done;
      expect(main.code).toBe(1);
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'error', cause: 'container.crash-loop' });

      const log = `${main.log}\n${post.log}`;
      const commands = log.split(/\r?\n/).filter((line) => /^\s*(?:::[a-z]|##\[)/.test(line));
      for (const bad of ['title=Boo', 'set-output', '::add-mask::3', 'taken for']) {
        expect(commands.filter((line) => line.includes(bad) && !/^::error title=tpu-serving-gate/.test(line))).toEqual(
          [],
        );
      }
      expect(log).not.toContain('##[error]taken');
      expect(log.includes(String.fromCharCode(27))).toBe(false);

      const comment = (await e2e.record()).comments[0]?.body ?? '';
      expect(structureProblems(comment)).toEqual([]);
      expect(comment.match(/<!-- tpu-serving-gate v1 /g)?.length).toBe(1);
      expect(Buffer.byteLength(comment)).toBeLessThan(60_000);

      const folder = dirname(e2e.job.outputs()['result-path'] ?? '');
      const evidence = readFileSync(join(folder, 'evidence.json'), 'utf8');
      expect(evidence).toContain('evil.example');
      expect(evidence.length).toBeLessThan(1024 * 1024);
      for (const text of [log, comment, evidence, e2e.job.summary('main'), JSON.stringify(e2e.job.outputs())]) {
        expect(text).not.toContain('hf_abcdefgh');
      }
    },
    2 * MINUTES,
  );
});
