import { afterEach, describe, expect, it } from 'vitest';
import { type E2e, MINUTES, plain, startE2e } from './e2e.ts';

let e2e: E2e;
afterEach(() => e2e?.stop());

describe('a gateway that the runner cannot reach', () => {
  it(
    'ends a run without load clients in preflight, with one sentence and nothing leased',
    async () => {
      e2e = await startE2e('internal-gateway', { 'load-from': 'auto' });
      const { code, log } = await e2e.job.main().done;
      expect(code).toBe(1);
      expect(log).toMatch(/The runner cannot reach the gateway at http:\/\/127\.0\.0\.2:\d+: it refuses connections\./);
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'error', stage: 'preflight', cause: 'config.load-image' });
      expect((await e2e.record()).sizes).toEqual([]);
    },
    MINUTES,
  );

  it(
    'serves a stack that is deployed to stay, checked through the API server',
    async () => {
      e2e = await startE2e('internal-gateway', { mode: 'deploy', comment: 'off' });
      const { code, log } = await e2e.job.main().done;
      expect(log).toMatch(/the runner cannot reach http:.*; its checks go through the API server/);
      expect(code).toBe(0);
      expect(e2e.job.outputs()).toMatchObject({
        verdict: 'pass',
        endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.2:\d+\//),
      });
      expect(plain(e2e.job.summary('main'))).toContain('✅ Deploy passed');
      expect((await e2e.job.post().done).code).toBe(0);
    },
    2 * MINUTES,
  );
});
