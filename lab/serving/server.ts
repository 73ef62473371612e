import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GatewayTable, ReplicaStart, ServingConfig, ServingPorts, ServingRecord } from '../protocol.ts';
import { onBody } from './body.ts';
import { startGateway } from './gateway.ts';
import { createRandom } from './random.ts';
import { type Replica, startReplica } from './replica.ts';
import { createWorkClock } from './work-clock.ts';

/**
 * The lab's serving side in one process: vLLM replicas, the Istio gateway with its endpoint picker, and the control
 * listener by which the lab's cluster starts replicas and sets routes.
 */
export async function startServing(config: ServingConfig): Promise<ServingPorts & { close(): Promise<void> }> {
  const { scenario, seed, timeScale } = config;
  const clock = createWorkClock({ timeScale, scaling: scenario.serving.scaling });
  const replicas = new Map<string, { args: string; replica: Replica; startedAt: number }>();
  const death = { taken: false };
  const guest = { taken: false };
  /** Replicas that have stopped stay in the record. */
  const stopped: ServingRecord['replicas'] = {};

  /** Replicas by the order in which they first started. */
  const order: string[] = [];
  const speedOf = (name: string, args: readonly string[]) => {
    if (!order.includes(name)) order.push(name);
    const { replicaSpeeds, flagSpeeds } = scenario.serving;
    const [, ofFlag = 1] = flagSpeeds.find(([flag]) => args.some((text) => text.includes(flag))) ?? [];
    return (replicaSpeeds[order.indexOf(name)] ?? 1) * ofFlag;
  };
  const skillOf = (args: readonly string[]) => {
    const { skill, flagSkills } = scenario.serving;
    return flagSkills.find(([flag]) => args.some((text) => text.includes(flag)))?.[1] ?? skill;
  };
  const podView = (pod: string) => {
    const found = replicas.get(pod)?.replica;
    if (!found) return undefined;
    const { port, blockSize, engine } = found;
    return { port, blockSize, running: engine.running(), waiting: engine.waiting(), kvUsage: engine.kvUsage() };
  };
  const gateway = await startGateway({ podView, picker: scenario.serving.picker, random: createRandom(seed) });

  const stop = async (name: string): Promise<boolean> => {
    const found = replicas.get(name);
    if (!found) return false;
    replicas.delete(name);
    const { replica, startedAt } = found;
    const { port } = replica;
    stopped[name] = { port, requests: replica.requests() + (stopped[name]?.requests ?? 0), startedAt };
    gateway.drop(port);
    await replica.close();
    return true;
  };
  /** Starting what already runs with the same command line is no change; another command line is a restart. */
  const start = async (name: string, request: ReplicaStart): Promise<number> => {
    const args = JSON.stringify(request);
    const found = replicas.get(name);
    if (found?.args === args) return found.replica.port;
    await stop(name);
    const replica = await startReplica({
      ...request,
      name,
      pem: config.tls,
      seed,
      clock,
      timeScale,
      faults: scenario.serving,
      death,
      guest,
      speed: speedOf(name, request.args),
      skill: skillOf(request.args),
    });
    replicas.set(name, { args, replica, startedAt: Date.now() });
    return replica.port;
  };
  const record = (): ServingRecord => {
    const all = { ...stopped };
    for (const [name, { replica, startedAt }] of replicas) {
      const requests = replica.requests() + (stopped[name]?.requests ?? 0);
      all[name] = { port: replica.port, requests, startedAt };
    }
    return { gateway: gateway.record(), replicas: all };
  };

  const answer = async (request: IncomingMessage, body: Buffer): Promise<[status: number, value?: unknown]> => {
    const [collection, ...rest] = request.url!.slice(1).split('/').map(decodeURIComponent);
    const name = rest.join('/');
    const what = `${request.method} ${collection}`;
    if (what === 'GET record') return [200, record()];
    if (what === 'PUT gateway') {
      gateway.configure(JSON.parse(body.toString()) as GatewayTable);
      return [204];
    }
    if (collection === 'replicas' && rest.length === 2) {
      if (request.method === 'PUT') return [200, { port: await start(name, JSON.parse(body.toString())) }];
      if (request.method === 'DELETE') return [(await stop(name)) ? 204 : 404];
    }
    return [404];
  };
  const control = createServer((request, response) => {
    onBody(request, (body) => {
      answer(request, body).then(
        ([status, value]) => reply(response, status, value),
        (error: unknown) => reply(response, 400, { error: String(error) }),
      );
    });
  });
  await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));

  return {
    gatewayUrl: gateway.url,
    gatewayAdminPort: gateway.adminPort,
    controlUrl: `http://127.0.0.1:${(control.address() as AddressInfo).port}`,
    close: async () => {
      control.close();
      control.closeAllConnections();
      await gateway.close();
      await Promise.all([...replicas.keys()].map(stop));
      clock.close();
    },
  };
}

function reply(response: ServerResponse, status: number, value?: unknown): void {
  if (value === undefined) response.writeHead(status).end();
  else response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
