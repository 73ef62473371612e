import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ContainerSpec, PodContext } from '../cluster/pod-context.ts';
import { CONFIG_MAPS, SECRETS } from '../cluster/resources.ts';
import type { KubeObject } from '../protocol.ts';

interface Volume {
  name: string;
  secret?: { secretName: string };
  configMap?: { name: string };
}

interface Mount {
  name: string;
  mountPath: string;
}

/** A container's part of the file system: its mounts below a folder that stands in for `/`. */
export interface ContainerFiles {
  /** Stands in for `/`. */
  root: string;
  /** The text with every path below a mount as it is on this machine. */
  localise(text: string): string;
  /** Writes the Secrets and ConfigMaps as they are now. */
  refresh(): void;
}

/**
 * Lays out the volumes of a pod and the mounts of one of its containers. Secrets and ConfigMaps become files, and every
 * other kind of volume is an empty folder.
 */
export function layOut(context: PodContext, spec: ContainerSpec, folder: string): ContainerFiles {
  const { pod, store } = context;
  const { namespace, name } = pod.metadata;
  const base = join(folder, `${namespace}_${name}`);
  const root = join(base, 'containers', spec.name);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(join(root, 'tmp'), { recursive: true });
  const volumes = new Map(((pod.spec.volumes ?? []) as Volume[]).map((volume) => [volume.name, volume]));
  const placeOf = (volume: string) => join(base, 'volumes', volume);
  // The longest path first: a mount may lie within another.
  const mounts = [...(((spec as { volumeMounts?: Mount[] }).volumeMounts ?? []) as Mount[])].sort(
    (a, b) => b.mountPath.length - a.mountPath.length,
  );
  const refresh = () => {
    for (const { name: volume } of mounts) {
      const source = objectOf(volumes.get(volume), store, namespace);
      mkdirSync(placeOf(volume), { recursive: true });
      for (const [file, content] of Object.entries(source)) {
        put(join(placeOf(volume), file), content);
      }
    }
  };
  refresh();
  for (const { name: volume, mountPath } of mounts) {
    if (mountPath === '/tmp') continue;
    mkdirSync(dirname(join(root, mountPath)), { recursive: true });
    symlinkSync(placeOf(volume), join(root, mountPath));
  }
  const paths = mounts.map(({ mountPath }) => escaped(mountPath)).join('|');
  const anyMount = new RegExp(`(^|[=:,\\s"'])(${paths || '(?!)'})(?=$|[/:,\\s"'])`, 'g');
  return {
    root,
    // In one pass: a place on this machine may lie below a path that is a mount too, such as /tmp.
    localise: (text) =>
      text.replace(anyMount, (_, before: string, path: string) => {
        const { name } = mounts.find(({ mountPath }) => mountPath === path) as Mount;
        return `${before}${placeOf(name)}`;
      }),
    refresh,
  };
}

/**
 * Writes a file that is new or has changed, in one step: a program that watches it, as istiod does, never reads a part of
 * it, and hears nothing of a file that is as it was.
 */
function put(path: string, content: Buffer | string): void {
  if (existsSync(path) && readFileSync(path).equals(Buffer.from(content))) return;
  const next = `${path}.next`;
  writeFileSync(next, content, { mode: 0o600 });
  renameSync(next, path);
}

function objectOf(
  volume: Volume | undefined,
  store: PodContext['store'],
  namespace: string | undefined,
): Record<string, Buffer | string> {
  const decoded = (data: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64')]));
  if (volume?.secret) return decoded((store.get(SECRETS, namespace, volume.secret.secretName) as KubeObject)?.data);
  if (volume?.configMap) return store.get(CONFIG_MAPS, namespace, volume.configMap.name)?.data ?? {};
  return {};
}

function escaped(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
