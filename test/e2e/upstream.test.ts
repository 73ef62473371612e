import { afterEach, describe, expect, it } from 'vitest';
import { type E2e, MINUTES, startE2e } from './e2e.ts';

let e2e: E2e;
afterEach(() => e2e?.stop());

const RULES = /\/namespaces\/llm-d-inference-scheduling\/destinationrules\/([^?]+)/;

/** Names of the DestinationRules that were asked for with this method and changed something, in order. */
async function rules(method: string): Promise<string[]> {
  const { kube } = await e2e.record();
  return kube
    .filter((request) => request.method === method && request.status < 300 && !request.path.includes('dryRun=All'))
    .flatMap(({ path }) => RULES.exec(path)?.[1] ?? []);
}

const ofPattern = (pattern: number) => ['epp', 'pool', 'workload'].map((role) => `qwen2-3b-pattern${pattern}-${role}`);

describe('on upstream KServe, which writes no DestinationRules', () => {
  it(
    'the default serves with those that the gate adds, so does the Pattern 1 of a restore, and all of them go',
    async () => {
      e2e = await startE2e('upstream-kserve', { mode: 'deploy', comment: 'off' });
      const main = await e2e.job.main().done;
      expect(main.code, main.log).toBe(0);
      expect(main.log).toContain('llmisvc-controller:v0.20.0 in kserve');
      expect(main.log).toContain(
        `3 DestinationRules are added, which upstream KServe does not write: ${ofPattern(3).join(', ')}`,
      );
      expect(main.log).toContain('applied DestinationRule qwen2-3b-pattern3-pool in llm-d-inference-scheduling');
      expect(e2e.job.outputs()).toMatchObject({ verdict: 'pass' });
      expect(await rules('PATCH')).toEqual(ofPattern(3));
      await e2e.job.post().done;

      const restore = e2e.otherJob(18300012346, { mode: 'restore' });
      const restored = await restore.main().done;
      expect(restored.code, restored.log).toBe(0);
      expect(await rules('PATCH')).toEqual([...ofPattern(3), ...ofPattern(1)]);
      expect((await rules('DELETE')).sort()).toEqual(ofPattern(3));
      await restore.post().done;

      const cleanup = e2e.otherJob(18300012347, { mode: 'cleanup' });
      expect(await cleanup.main().done).toMatchObject({ code: 0 });
      expect((await rules('DELETE')).sort()).toEqual([...ofPattern(1), ...ofPattern(3)]);
      expect(await e2e.record()).toMatchObject({ target: 0, nodes: [] });
    },
    4 * MINUTES,
  );
});
