import { Client, type Dispatcher, errors } from 'undici';

/** A request on its way, for as long as undici knows it. */
export interface Tenant extends Dispatcher.DispatchHandler {
  /** The connection that it has; null before and after. */
  connection: Client | null;
  /** Null once undici has it, so that it does not live as long as the answer. */
  body: Buffer | null;
  /** Its outcome is known, so that it must not be sent any more. */
  readonly settled: boolean;
  fail(error: unknown): void;
}

export interface Connections {
  /** Sends at once on a free connection, or when one becomes free, in the order of the calls. */
  send(tenant: Tenant): void;
  /** To be called when undici is done with the request, not when somebody gave it up. */
  free(tenant: Tenant): void;
  /** Breaks what is in flight; what waits fails. */
  close(): Promise<void>;
}

/**
 * Keep-alive connections to one origin, opened as they are needed, with one request on each at a time. undici's own Pool
 * does the same and looks through its connections for a free one at each request, which for hundreds of them is a good
 * part of what a request costs.
 */
export function createConnections(
  origin: URL,
  most: number,
  request: Omit<Dispatcher.DispatchOptions, 'body'>,
  options: Client.Options,
): Connections {
  const all: Client[] = [];
  const idle: Client[] = [];
  const waiting: Tenant[] = [];
  let closed = false;

  const connect = (): Client | undefined => {
    if (all.length >= most) return undefined;
    const client = new Client(origin, { ...options, pipelining: 1 });
    all.push(client);
    return client;
  };
  const start = (client: Client, tenant: Tenant) => {
    tenant.connection = client;
    const { body } = tenant;
    tenant.body = null;
    try {
      const { origin: from, path, method, headers } = request;
      client.dispatch({ origin: from, path, method, headers, body } as Dispatcher.DispatchOptions, tenant);
    } catch (error) {
      tenant.fail(error);
      free(tenant);
    }
  };
  const free = (tenant: Tenant) => {
    const { connection } = tenant;
    if (!connection) return;
    tenant.connection = null;
    // Whoever gives up this one may be about to give up the next as well.
    if (waiting.length > 0) queueMicrotask(() => pass(connection));
    else idle.push(connection);
  };
  const pass = (connection: Client) => {
    let next = waiting.shift();
    while (next?.settled) next = waiting.shift();
    if (next && !closed) start(connection, next);
    else idle.push(connection);
  };

  return {
    send(tenant) {
      if (closed) return tenant.fail(new errors.ClientDestroyedError());
      const client = idle.pop() ?? connect();
      if (client) start(client, tenant);
      else waiting.push(tenant);
    },
    free,
    async close() {
      closed = true;
      for (const tenant of waiting.splice(0)) tenant.fail(new errors.ClientDestroyedError());
      await Promise.all(all.map((client) => client.destroy()));
    },
  };
}
