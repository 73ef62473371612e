import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { GUARDED } from '../apiserver/process.ts';
import { INSIDE } from '../inside.ts';
import { issueToken } from '../tokens.ts';
import { type ContainerSpec, type Exit, type PodApi, type PodContext, setReady } from './pod-context.ts';
import type { ContainerRecord } from './pod-status.ts';
import { CONFIG_MAPS } from './resources.ts';

/** A stock image of Node. */
export const NODE_IMAGE = /(?:^|\/)node[:@]/;

const TOKEN_MS = 24 * 3_600_000;
const LAST_LINES = 5;

interface Source {
  serviceAccountToken?: { path: string };
  configMap?: { items?: { key: string; path: string }[] };
  downwardAPI?: { items: { path: string }[] };
}

interface Volume {
  name: string;
  configMap?: { name: string };
  projected?: { sources: Source[] };
}

/** Runs the command of a container with a stock image of Node as a process of this machine, with the files of its volumes. */
export async function runNodeProgram(
  context: PodContext,
  spec: ContainerSpec,
  record: ContainerRecord,
  api: PodApi,
): Promise<Exit> {
  const { pod, logs, signal } = context;
  const root = mkdtempSync(join(tmpdir(), 'lab-pod-'));
  const localise = layOut(context, spec, { root, api });
  const [host = '', port = ''] = api.endpoint.split(':');
  const own = (spec.env ?? []).map(({ name, value = '' }) => [name, localise(value)]);
  // In every scenario: a pod reaches a gateway with an internal address as well as any other.
  const inside = ['--import', INSIDE];
  const [, ...words] = [...(spec.command ?? []), ...(spec.args ?? [])].map(localise);
  const child = spawn('/bin/sh', ['-c', GUARDED, 'sh', process.execPath, ...inside, ...words], {
    cwd: root,
    env: {
      ...{ PATH: '/usr/bin:/bin', HOME: root, KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port },
      ...Object.fromEntries(own),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on('error', () => {});
  const last: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
      logs.write(pod, spec.name, line);
      last.push(line);
      if (last.length > LAST_LINES) last.shift();
    });
  }
  const stop = () => child.kill('SIGKILL');
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  setReady(context, record);
  const code = await new Promise<number>((resolve) => {
    child.once('exit', () => watcher.end('ended\n'));
    child.once('close', (exit) => resolve(exit ?? 137));
  });
  signal.removeEventListener('abort', stop);
  rmSync(root, { recursive: true, force: true });
  signal.throwIfAborted();
  return code === 0 ? { code, reason: 'Completed' } : { code, reason: 'Error', message: last.join('\n') };
}

/** Writes the files of the mounted volumes. Returns what gives a path of the container its place on this machine. */
function layOut(
  { pod, store }: PodContext,
  spec: ContainerSpec,
  { root, api }: { root: string; api: PodApi },
): (text: string) => string {
  const { namespace = '' } = pod.metadata;
  const mounts = ((spec as { volumeMounts?: { name: string; mountPath: string }[] }).volumeMounts ?? []).map(
    ({ name, mountPath }) => ({ mountPath, folder: join(root, name), name }),
  );
  const subject = `system:serviceaccount:${namespace}:${pod.spec.serviceAccountName ?? 'default'}`;
  const filesOf = ({ serviceAccountToken, configMap, downwardAPI }: Source): [string, string][] =>
    [
      ...(serviceAccountToken
        ? [
            [
              serviceAccountToken.path,
              issueToken(api.tokenSecret, { subject, expiresAt: Date.now() + TOKEN_MS }),
            ] as const,
          ]
        : []),
      ...(configMap?.items ?? []).map(({ path }) => [path, api.caPem] as const),
      ...(downwardAPI?.items ?? []).map(({ path }) => [path, namespace] as const),
    ] as [string, string][];
  for (const { folder, name } of mounts) {
    mkdirSync(folder, { recursive: true });
    const volume = ((pod.spec.volumes ?? []) as Volume[]).find((each) => each.name === name);
    const data = volume?.configMap ? store.get(CONFIG_MAPS, namespace, volume.configMap.name)?.data : undefined;
    const files = [
      ...Object.entries((data ?? {}) as Record<string, string>),
      ...(volume?.projected?.sources ?? []).flatMap(filesOf),
    ];
    for (const [file, content] of files) writeFileSync(join(folder, file), content, { mode: 0o600 });
  }
  return (text) => {
    const mount = mounts.find(({ mountPath }) => text === mountPath || text.startsWith(`${mountPath}/`));
    return mount ? mount.folder + text.slice(mount.mountPath.length) : text;
  };
}
