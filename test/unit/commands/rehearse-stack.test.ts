import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { childEnv } from '../../../lab/child-env.ts';
import { CLI } from '../../cli.ts';

const PARTS = {
  'kube-apiserver': 'kube/binaries/kube-apiserver',
  etcd: 'kube/binaries/etcd',
  'endpoint picker': 'epp/epp',
  'KServe controller': 'kserve/llmisvc',
  istiod: 'istio/pilot-discovery',
  Envoy: 'envoy/envoy',
  'Gateway API definitions': 'gateway-api/config/crd/standard',
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder that has these of the parts. */
function assetsWith(names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'stack-assets-'));
  folders.push(folder);
  for (const [name, path] of Object.entries(PARTS)) {
    if (!names.includes(name)) continue;
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), '');
  }
  return folder;
}

function rehearse(args: string[], env: Record<string, string> = {}): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, 'rehearse', ...args], {
    env: { ...childEnv(), ...env },
    encoding: 'utf8',
  });
  return { code: status, said: stdout + stderr };
}

describe('rehearse --stack', () => {
  it('refuses a stack that it does not know', () => {
    const { code, said } = rehearse(['--stack', 'unreal']);
    expect([code, said]).toEqual([3, 'Stack "unreal" is not known; allowed: lab, real.\n']);
  });

  it('names every part that is missing, and the command that makes them', () => {
    const { code, said } = rehearse(['--stack', 'real'], { STACK_ASSETS: '/nowhere' });
    expect(code).toBe(3);
    for (const name of Object.keys(PARTS)) expect(said).toContain(name);
    expect(said).toContain('scripts/stack-assets');
  });

  it('names the one part that is missing, and no other', () => {
    const some = assetsWith(Object.keys(PARTS).filter((name) => name !== 'istiod'));
    const { code, said } = rehearse(['--stack', 'real'], { STACK_ASSETS: some });
    expect(code).toBe(3);
    expect(said).toMatch(/Not here: istiod\. .*scripts\/stack-assets/);
  });

  it('looks where scripts/stack-assets puts the parts when nothing names a folder', () => {
    const { code, said } = rehearse(['--stack', 'real'], { XDG_CACHE_HOME: '/nowhere', HOME: '/nowhere' });
    expect([code, said]).toEqual([3, expect.stringContaining('Not here: kube-apiserver, etcd, endpoint picker')]);
  });

  it.each([
    ['all-to-one', 'serving.picker'],
    ['kserve-plain', 'cluster.patch'],
    ['picker-flag', 'cluster.containers'],
    ['controller-asleep', 'cluster.kserve'],
  ])('refuses scenario %s, whose fault only the lab can play', (scenario, fault) => {
    const { code, said } = rehearse(['--stack', 'real', '--scenario', scenario], { STACK_ASSETS: '/nowhere' });
    expect(code).toBe(3);
    expect(said).toContain(`Scenario "${scenario}" needs the lab's own parts for `);
    expect(said).toContain(fault);
  });

  it.each([
    ['time', '0'],
    ['time', '101'],
    ['time', 'fast'],
    ['inference', '0'],
    ['inference', '101'],
  ])('refuses the %s scale %s', (what, scale) => {
    const { code, said } = rehearse(['--stack', 'real', `--${what}-scale`, scale]);
    expect(code).toBe(3);
    expect(said.toLowerCase()).toBe(`${what} scale "${scale}" is not allowed; give a number from 1 to 100.\n`);
  });
});

describe('rehearse --engine', () => {
  it('refuses an engine that it does not know', () => {
    const { code, said } = rehearse(['--engine', 'sglang']);
    expect([code, said]).toEqual([3, 'Engine "sglang" is not known; allowed: lab, vllm.\n']);
  });

  it("refuses vLLM behind the lab's own gateway, which cannot reach it", () => {
    const { code, said } = rehearse(['--engine', 'vllm'], { VLLM_ASSETS: '/nowhere' });
    expect([code, said]).toEqual([3, 'Engine "vllm" serves on the stack of real parts only; add --stack real.\n']);
  });

  it.each([
    ['where VLLM_ASSETS names a folder without it', { VLLM_ASSETS: '/nowhere' }],
    ['where nothing names a folder', { XDG_CACHE_HOME: '/nowhere', HOME: '/nowhere' }],
  ])('names the command that installs vLLM %s', (_, env) => {
    const parts = assetsWith(Object.keys(PARTS));
    const { code, said } = rehearse(['--stack', 'real', '--engine', 'vllm'], { STACK_ASSETS: parts, ...env });
    expect(code).toBe(3);
    expect(said).toBe('vLLM is not here. Install it once, with Python (6 GB; needs AVX-512): scripts/vllm-assets\n');
  });
});
