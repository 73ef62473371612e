import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  /** Same certificate, other port: `https://127.0.0.1:PORT`. */
  server: string;
  /** Connections that were accepted so far. */
  accepted(): number;
  /** Resets the next `count` connections as soon as they are made. */
  refuse(count: number): void;
  /** Ends every connection. */
  cut(): void;
  /** From now on every request arrives this much later. */
  delay(ms: number): void;
  /** Resets the connection on which the next bytes come back: the request was carried out, its answer is lost. */
  loseNextAnswer(): void;
  close(): Promise<void>;
}

/** A TCP proxy before a server on loopback that resets connections on demand. It does not look into TLS. */
export async function startProxy(target: string): Promise<Proxy> {
  const port = Number(new URL(target).port);
  const open = new Set<Socket>();
  let accepted = 0;
  let toRefuse = 0;
  let losing = false;
  let delayMs = 0;
  const proxy = createServer((client) => {
    accepted += 1;
    if (toRefuse > 0) {
      toRefuse -= 1;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect(port, '127.0.0.1');
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        open.delete(from);
        to.destroy();
      });
    }
    client.on('data', (bytes) => {
      if (delayMs === 0) upstream.write(bytes);
      else setTimeout(() => upstream.write(bytes), delayMs);
    });
    client.on('end', () => setTimeout(() => upstream.end(), delayMs));
    upstream.on('data', (bytes) => {
      if (losing) {
        losing = false;
        client.resetAndDestroy();
      } else client.write(bytes);
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const cut = () => {
    for (const socket of open) socket.destroy();
  };
  return {
    server: `https://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    accepted: () => accepted,
    refuse: (count) => {
      toRefuse = count;
    },
    cut,
    delay: (ms) => {
      delayMs = ms;
    },
    loseNextAnswer: () => {
      losing = true;
    },
    close: async () => {
      cut();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}
