import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { LAB, type Lab } from '../../lab/lab.ts';
import { SCENARIOS, type Scenario } from '../../lab/scenarios/scenarios.ts';
import { issueToken } from '../../lab/tokens.ts';
import { type CrdFolder, crdTexts } from '../fixtures/crds.ts';
import type { Json } from '../unit/manifests/files.ts';

/** A healthy cluster that also has the definitions of these products, and the token that the picker's metrics need. */
export function clusterWith(...products: CrdFolder[]): Scenario {
  const pass = SCENARIOS.pass!;
  const definitions = products.flatMap(crdTexts).map(({ text }) => parseDocument(text).toJS() as Json);
  const metadata = { name: 'inference-gateway-sa-metrics-reader-secret', namespace: LAB.namespace };
  const token = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque', data: { token: 'dG9rZW4=' } };
  return { ...pass, cluster: { ...pass.cluster, add: [...definitions, token] } };
}

export interface Kubectl {
  /** Runs kubectl as an administrator, in the namespace of the stack. */
  run(...args: string[]): Promise<{ code: number; out: string; err: string }>;
  close(): void;
}

export function kubectlOf({ kube, tokenSecret }: Pick<Lab, 'kube' | 'tokenSecret'>): Kubectl {
  const folder = mkdtempSync(join(tmpdir(), 'kubectl-'));
  writeFileSync(join(folder, 'ca.pem'), kube.caPem);
  const env = { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'none') };
  return {
    run(...args) {
      const token = issueToken(tokenSecret, { subject: 'admin@example.com', expiresAt: Date.now() + 600_000 });
      const server = ['--server', `https://${kube.endpoint}`, '--certificate-authority', join(folder, 'ca.pem')];
      return new Promise((resolve) => {
        execFile(
          'kubectl',
          [...server, '--token', token, '-n', LAB.namespace, ...args],
          { env, maxBuffer: 1 << 26 },
          (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
        );
      });
    },
    close: () => rmSync(folder, { recursive: true }),
  };
}

/** A replica: its name, its node, and whether it serves. */
export interface Replica {
  name: string;
  node: string | null;
  isReady: boolean;
}

export async function replicasOf({ run }: Kubectl): Promise<Replica[]> {
  const { out } = await run('get', 'pods', '-l', 'kserve.io/component=workload', '-o', 'json');
  return (JSON.parse(out).items as Json[])
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      node: spec.nodeName ?? null,
      isReady: (status.conditions ?? []).some((each: Json) => each.type === 'Ready' && each.status === 'True'),
    }));
}

/** Sends completions, one after another, until it is stopped; then the status of each, 0 for none. */
export function client(endpoint: string): { statuses: readonly number[]; stop(): Promise<void> } {
  const statuses: number[] = [];
  let isStopped = false;
  const body = JSON.stringify({ model: 'Qwen/Qwen2.5-3B-Instruct', prompt: 'Once upon a time', max_tokens: 4 });
  const headers = { 'content-type': 'application/json' };
  const ask = async () => {
    const response = await fetch(`${endpoint}/v1/completions`, { method: 'POST', headers, body });
    await response.text();
    return response.status;
  };
  const asking = (async () => {
    while (!isStopped) {
      statuses.push(await ask().catch(() => 0));
      await new Promise((done) => setTimeout(done, 50));
    }
  })();
  return {
    statuses,
    stop: () => {
      isStopped = true;
      return asking;
    },
  };
}
