import type { ContainerSpec, HttpProbe } from './pod-context.ts';

/** What a probe meets: nothing yet, or a vLLM server. */
export interface Listener {
  port: number;
  tls: boolean;
}

const SERVED = ['/health', '/v1/models', '/ping', '/version', '/metrics', '/load'];

/** The kubelet's words for a probe that fails, without the probe's kind; null when it succeeds. */
export function probeFailure(
  container: ContainerSpec,
  probe: HttpProbe | undefined,
  podIp: string,
  listener: Listener | null,
): string | null {
  if (!probe?.httpGet) return null;
  const { path = '/', port: given, scheme = 'HTTP' } = probe.httpGet;
  const port = typeof given === 'number' ? given : container.ports?.find((one) => one.name === given)?.containerPort;
  const url = `${scheme.toLowerCase()}://${podIp}:${port}${path}`;
  if (!listener || listener.port !== port) {
    return `Get "${url}": dial tcp ${podIp}:${port}: connect: connection refused`;
  }
  if (scheme === 'HTTPS' && !listener.tls) return `Get "${url}": http: server gave HTTP response to HTTPS client`;
  if (scheme !== 'HTTPS' && listener.tls) return `Get "${url}": EOF`;
  return SERVED.includes(path) ? null : 'HTTP probe failed with statuscode: 404';
}

/** Seconds that a probe lets go by before the kubelet kills the container; defaults as the API server sets them. */
export function probeBudget(probe: HttpProbe): number {
  return (probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3);
}
