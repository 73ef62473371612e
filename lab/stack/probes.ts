import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTcp } from 'node:net';
import { Agent, request } from 'undici';

/** A probe of a container's spec; defaults as the API server fills them in. */
export interface Probe {
  httpGet?: { host?: string; path?: string; port: number | string; scheme?: string };
  grpc?: { port: number; service?: string };
  tcpSocket?: { host?: string; port: number | string };
  initialDelaySeconds?: number;
  periodSeconds?: number;
  timeoutSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
}

const unverified = new Agent({ connect: { rejectUnauthorized: false }, pipelining: 0 });

/**
 * Probes once, as a kubelet does: HTTP status from 200 to 399, gRPC health SERVING, or a TCP connection. Returns the
 * reason of a failure, or null. A probe of another kind succeeds.
 */
export async function probeOnce(
  probe: Probe,
  podIp: string,
  portOf: (port: number | string) => number,
): Promise<string | null> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1_000;
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    if (probe.httpGet) {
      const { host = podIp, path = '/', port, scheme = 'HTTP' } = probe.httpGet;
      const url = `${scheme.toLowerCase()}://${host}:${portOf(port)}${path}`;
      const { statusCode, body } = await request(url, { dispatcher: unverified, signal });
      await body.dump();
      return statusCode >= 200 && statusCode < 400 ? null : `HTTP probe failed with statuscode: ${statusCode}`;
    }
    if (probe.grpc) return await grpcHealth(podIp, probe.grpc.port, probe.grpc.service ?? '', signal);
    if (probe.tcpSocket) await tcp(probe.tcpSocket.host ?? podIp, portOf(probe.tcpSocket.port), signal);
    return null;
  } catch (error) {
    return signal.aborted ? `timeout after ${timeoutMs} ms` : (error as Error).message;
  }
}

function tcp(host: string, port: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('error', reject);
  });
}

/** grpc.health.v1.Health/Check: the request is one string field, and status 1 of the answer is SERVING. */
function grpcHealth(host: string, port: number, service: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(`http://${host}:${port}`);
    const end = (settle: () => void) => {
      session.destroy();
      settle();
    };
    signal.addEventListener('abort', () => end(() => reject(signal.reason)), { once: true });
    session.once('error', (error) => end(() => reject(error)));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    let problem = '';
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    const headers = (found: Record<string, unknown>) => {
      if (found['grpc-status'] && found['grpc-status'] !== '0') problem = `grpc-status ${found['grpc-status']}`;
    };
    stream.once('response', headers);
    stream.once('trailers', headers);
    stream.once('error', (error) => end(() => reject(error)));
    stream.once('end', () => {
      const body = Buffer.concat(chunks).subarray(5);
      const serving = body[0] === 0x08 && body[1] === 1;
      end(() => resolve(serving ? null : problem || `service unhealthy (responded with ${body[1] ?? 'nothing'})`));
    });
    const name = Buffer.from(service);
    const message = service === '' ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, name.length]), name]);
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
  });
}
