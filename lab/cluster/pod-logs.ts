import type { KubeObject } from '../protocol.ts';

interface Line {
  at: number;
  text: string;
}

interface Streams {
  current: Line[];
  previous: Line[] | null;
}

/** What the containers have written, by pod and container, for the lifetime of the pod. */
export interface PodLogs {
  write(pod: KubeObject, container: string, ...lines: string[]): void;
  /** The container starts again: what it wrote so far becomes `previous`. */
  rotate(pod: KubeObject, container: string): void;
  forget(pod: KubeObject): void;
  /** The text, `''` before the container's first line; null when there is no such stream. */
  read(
    namespace: string,
    pod: string,
    container: string,
    options: { tailLines?: number | undefined; previous?: boolean | undefined; sinceTime?: string | undefined },
  ): string | null;
}

export function createPodLogs(hasContainer: (namespace: string, pod: string, container: string) => boolean): PodLogs {
  const streams = new Map<string, Streams>();
  const keyOf = (namespace: string | undefined, pod: string, container: string) => `${namespace}/${pod}/${container}`;
  const of = (pod: KubeObject, container: string) => {
    const key = keyOf(pod.metadata.namespace, pod.metadata.name, container);
    const found = streams.get(key) ?? { current: [], previous: null };
    streams.set(key, found);
    return found;
  };
  return {
    write(pod, container, ...lines) {
      const at = Date.now();
      of(pod, container).current.push(...lines.map((text) => ({ at, text })));
    },
    rotate(pod, container) {
      const stream = of(pod, container);
      stream.previous = stream.current;
      stream.current = [];
    },
    forget(pod) {
      const prefix = keyOf(pod.metadata.namespace, pod.metadata.name, '');
      for (const key of [...streams.keys()]) if (key.startsWith(prefix)) streams.delete(key);
    },
    read(namespace, pod, container, { tailLines, previous, sinceTime }) {
      if (!hasContainer(namespace, pod, container)) return null;
      const stream = streams.get(keyOf(namespace, pod, container));
      let lines = (previous ? stream?.previous : stream?.current) ?? [];
      if (previous && !stream?.previous) return null;
      if (sinceTime !== undefined) lines = lines.filter((line) => line.at >= Date.parse(sinceTime));
      if (tailLines !== undefined) lines = tailLines === 0 ? [] : lines.slice(-tailLines);
      return lines.map((line) => `${line.text}\n`).join('');
    },
  };
}
