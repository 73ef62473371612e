import { describe, expect, it } from 'vitest';
import { MINUTES } from './e2e.ts';
import { descendants, leftOf, readProc, startRehearsal } from './rehearsal-process.ts';

/** Moments of a rehearsal, by a text that its log has then. */
const MOMENTS = {
  lease: '▶ 2/7',
  ready: '▶ 4/7',
} as const;

describe('a rehearsal that is told to end', () => {
  it.each([
    { signal: 'SIGTERM', to: 'group', moment: 'lease', times: 1 },
    { signal: 'SIGQUIT', to: 'process', moment: 'ready', times: 3 },
  ] as const)(
    'by $signal to the $to, $times times, in stage "$moment" releases its nodes while the lab serves, and leaves nothing',
    async ({ signal, to, moment, times }) => {
      const { child, folder, seen, ended } = startRehearsal();
      await seen(MOMENTS[moment]);
      const pid = child.pid as number;
      const started = descendants(pid);
      expect(started.length).toBeGreaterThan(4);
      for (let sent = 0; sent < times; sent += 1) {
        process.kill(to === 'group' ? -pid : pid, signal);
        await new Promise((done) => setTimeout(done, 100));
      }
      const { code, log } = await ended;
      expect(log).toContain('has 0 nodes and is asked to hold 0');
      expect(code, log).toBe(130);
      expect(log).not.toContain('ECONNREFUSED');
      expect(await leftOf(folder, started)).toEqual([]);
    },
    MINUTES,
  );

  it(
    'by SIGKILL to the group leaves no process and no folder',
    async () => {
      const { child, folder, seen, ended } = startRehearsal();
      await seen(MOMENTS.ready);
      const pid = child.pid as number;
      const started = descendants(pid);
      expect(started.length).toBeGreaterThan(4);
      process.kill(-pid, 'SIGKILL');
      await ended;
      expect(await leftOf(folder, started)).toEqual([]);
    },
    MINUTES,
  );

  it.each([900, 2_500])(
    'by SIGTERM to the group after %d ms leaves nothing',
    async (ms) => {
      const { child, folder, ended } = startRehearsal();
      await new Promise((done) => setTimeout(done, ms));
      const started = descendants(child.pid as number);
      process.kill(-(child.pid as number), 'SIGTERM');
      const { code, signal, log } = await ended;
      expect([130, null, 143], log).toContain(code);
      if (code === null) expect(signal).toBe('SIGTERM');
      expect(await leftOf(folder, started)).toEqual([]);
    },
    MINUTES,
  );

  it(
    'whose gate alone is killed ends at once, and says who releases the nodes',
    async () => {
      const { child, folder, seen, ended } = startRehearsal();
      await seen(MOMENTS.ready);
      const started = descendants(child.pid as number);
      const gate = started.find((pid) => readProc(pid, 'cmdline').includes(' run --project-id'));
      process.kill(gate as number, 'SIGKILL');
      const { code, log } = await ended;
      expect(log).toContain('lab: the gate was ended by SIGKILL');
      expect(log).toContain("lab: nodes of a run that was killed are the sweeper's, once its lease has run out");
      expect(code, log).toBe(137);
      expect(await leftOf(folder, started)).toEqual([]);
    },
    MINUTES,
  );

  it(
    'by the death of one process of the lab ends at once, and names the process',
    async () => {
      const { child, folder, seen, ended } = startRehearsal();
      await seen(MOMENTS.ready);
      const started = descendants(child.pid as number);
      const lab = started.find((pid) => readProc(pid, 'cmdline').includes('lab-process'));
      process.kill(lab as number, 'SIGKILL');
      const { code, log } = await ended;
      expect(log).toMatch(/lab: the lab's \w+ process was ended by SIGKILL/);
      expect(code, log).toBe(5);
      expect(await leftOf(folder, started)).toEqual([]);
    },
    MINUTES,
  );
});
