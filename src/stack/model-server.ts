import type { Container, Pod } from '../clients/kubernetes/kinds.ts';
import { TPU_RESOURCE } from '../tpu/machines.ts';
import { type CommandLine, flagValue, readCommandLine, servesTls } from './command-line.ts';

/** Where vLLM listens inside of its pod, and what the answer was read from. */
export interface ModelServer {
  container: string;
  scheme: 'https' | 'http';
  port: number;
  from: { scheme: 'flags' | 'probe' | 'default'; port: 'flags' | 'container port' | 'probe' | 'default' };
}

/** vLLM's own default. */
const DEFAULT_PORT = 8_000;
const SIDECARS: ReadonlySet<string> = new Set(['istio-proxy', 'linkerd-proxy', 'tokenizer', 'llm-d-routing-sidecar']);

/**
 * The model server of a workload pod. KServe has written its command in four shapes (a script with the user's arguments
 * in its place, `vllm serve` with them behind it, all of it in `command`, a script that ends in `$@`), so the whole line
 * is read: the last flag of a name counts, as for vLLM, and what a script has commented out does not.
 */
export function modelServerOf(pod: Pod | undefined): ModelServer {
  const server = serverContainer(pod?.spec?.containers ?? []);
  const line = readCommandLine(server);
  const probes = [server?.readinessProbe, server?.startupProbe, server?.livenessProbe].flatMap((probe) =>
    probe?.httpGet ? [probe.httpGet] : [],
  );
  const scheme =
    servesTls(line) === true
      ? ({ value: 'https', from: 'flags' } as const)
      : probes.some((probe) => probe.scheme === 'HTTPS')
        ? ({ value: 'https', from: 'probe' } as const)
        : ({ value: 'http', from: probes.length > 0 ? 'probe' : 'default' } as const);
  const port = portOf(line, server, probes);
  return {
    container: server?.name ?? '',
    scheme: scheme.value,
    port: port.value,
    from: { scheme: scheme.from, port: port.from },
  };
}

function serverContainer(containers: readonly Container[]): Container | undefined {
  const own = containers.filter(({ name }) => !SIDECARS.has(name));
  return (
    own.find(({ name }) => name === 'main') ??
    own.find((container) => /\bvllm\b/.test(readCommandLine(container).text)) ??
    own.find(({ resources }) => ({ ...resources?.limits, ...resources?.requests })[TPU_RESOURCE] !== undefined) ??
    own[0] ??
    containers[0]
  );
}

function portOf(
  line: CommandLine,
  server: Container | undefined,
  probes: readonly { port?: number | string }[],
): { value: number; from: ModelServer['from']['port'] } {
  const given = flagValue(line, '--port') ?? '';
  if (/^\d+$/.test(given)) return { value: Number(given), from: 'flags' };
  const ports = server?.ports ?? [];
  const [declared] = ports;
  const probed = probes.map(({ port }) => port).find((port) => port !== undefined);
  const named = typeof probed === 'string' ? ports.find(({ name }) => name === probed)?.containerPort : probed;
  if (named !== undefined) return { value: named, from: 'probe' };
  if (declared) return { value: declared.containerPort, from: 'container port' };
  return { value: DEFAULT_PORT, from: 'default' };
}
