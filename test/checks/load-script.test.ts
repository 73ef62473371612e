import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScript } from '../../scripts/build/load.ts';
import { systemClock } from '../../src/lib/poll.ts';
import { createBarrier } from '../../src/stages/benchmark/cluster/barrier.ts';
import { configMap, startTestApi, type TestApi } from '../unit/clients/kubernetes/kube-api.ts';
import { root } from './root.ts';

const run = promisify(execFile);

describe('the program of the load clients', () => {
  let folder: string;
  let file: string;
  let script: string;
  let api: TestApi;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'load-script-'));
    file = join(folder, 'load.js');
    script = await loadScript(root);
    await writeFile(file, script);
    api = await startTestApi();
    const account = { token: api.token(), 'ca.crt': api.caPem, namespace: 'ns' };
    for (const [name, text] of Object.entries(account)) await writeFile(join(folder, name), text);
  }, 60_000);
  afterAll(async () => {
    await api?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('is one file that a ConfigMap holds, with nothing of this checkout in it', () => {
    expect(Buffer.byteLength(script)).toBeLessThan(900 * 1_024);
    expect(script).not.toContain(root);
    expect(script).not.toMatch(/\bimport\.meta\b/);
  });

  it('names what is missing where it is started by hand', async () => {
    const env = { PATH: process.env.PATH };
    await expect(run(process.execPath, [file], { env })).rejects.toMatchObject({
      ...{ code: 1, stderr: 'the variable JOB_COMPLETION_INDEX is not set\n' },
    });
  });

  it('runs alone: measures its ceiling, compares clocks, and ends with the plan', async () => {
    const kube = api.client({ clock: systemClock });
    const [host = '', port = ''] = new URL(api.server).host.split(':');
    for (const name of ['plan', 'reports']) await kube.create(configMap(`tpu-serving-gate-load-${name}`));
    const env = {
      ...{ PATH: process.env.PATH, JOB_COMPLETION_INDEX: '0', LOAD_SHARDS: '1', LOAD_ACCOUNT: folder },
      LOAD_PAIR_MS: '1000',
      ...{ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port },
    };
    const ended = run(process.execPath, [file], { env });
    const barrier = createBarrier(kube, 'ns', 1);
    const seq = await barrier.announce({ kind: 'sync' });
    let [message] = await barrier.read(seq);
    while (message?.kind !== 'ready') {
      await new Promise((done) => setTimeout(done, 30));
      [message] = await barrier.read(seq);
      expect(message?.kind).not.toBe('error');
    }
    expect(message.ceilingPerSecond).toBeGreaterThan(1);
    // Both have the clock of this machine.
    expect(Math.abs(message.clock.offsetMs)).toBeLessThanOrEqual(message.clock.roundTripMs / 2 + 5);
    await barrier.announce({ kind: 'end' });
    expect(await ended).toMatchObject({ stderr: '' });
  }, 120_000);
});
