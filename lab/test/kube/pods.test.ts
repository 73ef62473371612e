import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogSource } from '../../kube/api.ts';
import type { Lab } from './lab.ts';
import { podObject, selfSigned, startLab } from './lab.ts';

const PODS = '/api/v1/namespaces/default/pods';
const KEY = { group: '', plural: 'pods' };
const ports = new Map<number, number>();
let text = 'one\n';
const logs: LogSource = (_namespace, _pod, container, { tailLines, previous }) => {
  if (container === 'waiting' || previous) return null;
  return tailLines === undefined
    ? text
    : text
        .split('\n')
        .slice(-tailLines - 1)
        .join('\n');
};

let lab: Lab;
const servers: { close(): unknown }[] = [];
beforeAll(async () => {
  const podProxy = (_namespace: string, _pod: string, port: number) => {
    const found = ports.get(port);
    return found === undefined ? null : { host: '127.0.0.1', port: found };
  };
  lab = await startLab({ logs, podProxy });
  const containers = ['main', 'waiting'].map((name) => ({ name, image: 'i', ports: [{ containerPort: 8000 }] }));
  const waiting = { name: 'waiting', state: { waiting: { reason: 'ImagePullBackOff' } } };
  lab.store.create(
    KEY,
    podObject('p', {
      spec: { nodeName: 'n1', containers },
      status: { podIP: '10.8.0.2', containerStatuses: [waiting] },
    }),
  );

  const echo = createHttp((request, response) => {
    const { authorization, host } = request.headers;
    response.writeHead(201, { 'x-seen': `${request.method} ${request.url} ${authorization ?? 'none'} ${host}` });
    request.pipe(response);
  });
  const tls = createHttps(await selfSigned(), (_request, response) => response.end('secure'));
  for (const [port, server] of [
    [8000, echo],
    [8443, tls],
  ] as const) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ports.set(port, (server.address() as AddressInfo).port);
    servers.push(server);
  }
});
afterAll(async () => {
  await lab.close();
  for (const server of servers) server.close();
});

describe('logs', () => {
  it('come from the container that is asked for', async () => {
    text = 'one\ntwo\n';
    expect((await lab.ask('GET', `${PODS}/p/log?container=main&tailLines=1`)).text).toBe('two\n');
    expect((await lab.ask('GET', `${PODS}/p/log?container=main&limitBytes=3`)).text).toBe('one');
  });

  it('say what is wrong with the request', async () => {
    const message = async (query: string) => (await lab.ask('GET', `${PODS}/p/log?${query}`)).body.message;
    expect(await message('')).toBe('a container name must be specified for pod p, choose one of: [main waiting]');
    expect(await message('container=nope')).toBe('container nope is not valid for pod p');
    expect(await message('container=main&previous=true')).toBe(
      'previous terminated container "main" in pod "p" not found',
    );
    expect(await message('container=waiting')).toBe(
      'container "waiting" in pod "p" is waiting to start: trying and failing to pull image',
    );
    expect((await lab.ask('GET', `${PODS}/none/log`)).code).toBe(404);
    expect((await lab.ask('GET', `${PODS}/p/log?container=main&timestamps=true`)).code).toBe(501);
  });

  it('follow a container to its end', async () => {
    text = 'one\n';
    const response = await lab.open(`${PODS}/p/log?container=main&follow=true`);
    text = 'one\ntwo\n';
    const pod = lab.store.get(KEY, 'default', 'p');
    const ended = { name: 'main', state: { terminated: { exitCode: 0 } } };
    if (pod) lab.store.update(KEY, { ...pod, status: { ...pod.status, containerStatuses: [ended] } });
    expect(await response.text()).toBe('one\ntwo\n');
  });
});

describe('pod proxy', () => {
  it('passes the request on, without the credentials', async () => {
    const answer = await lab.ask('POST', `${PODS}/p:8000/proxy/v1/models?x=1%2F2`, 'hello');
    expect(answer.code).toBe(201);
    expect(answer.text).toBe('hello');
    expect(answer.headers['x-seen']).toBe('POST /v1/models?x=1%2F2 none 10.8.0.2:8000');
    expect((await lab.ask('GET', `${PODS}/http:p:8000/proxy/`)).code).toBe(201);
    expect((await lab.ask('GET', `${PODS}/p/proxy/`)).headers['x-seen']).toContain('10.8.0.2:8000');
  });

  it('speaks TLS without verifying it', async () => {
    expect((await lab.ask('GET', `${PODS}/https:p:8443/proxy/`)).text).toBe('secure');
  });

  it('answers 503 when the scheme or the port is wrong', async () => {
    const message = async (name: string) => {
      const { code, body } = await lab.ask('GET', `${PODS}/${name}/proxy/`);
      return `${code} ${body.message}`;
    };
    expect(await message('https:p:8000')).toBe(
      '503 error trying to reach service: http: server gave HTTP response to HTTPS client',
    );
    expect(await message('p:8443')).toMatch(/^503 error trying to reach service: /);
    expect(await message('p:1')).toBe(
      '503 error trying to reach service: dial tcp 10.8.0.2:1: connect: connection refused',
    );
    expect(await message('p:http')).toBe('400 invalid pod request "p:http"');
  });

  it('finds a ready pod behind a service', async () => {
    const ready = { conditions: [{ type: 'Ready', status: 'True' }], podIP: '10.8.0.3' };
    const labels = { app: 'b' };
    lab.store.create(
      KEY,
      podObject('backend', { metadata: { name: 'backend', namespace: 'default', labels }, status: ready }),
    );
    const service = {
      metadata: { name: 'svc' },
      spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8000 }] },
    };
    await lab.ask('POST', '/api/v1/namespaces/default/services', service);
    const answer = await lab.ask('GET', '/api/v1/namespaces/default/services/svc:http/proxy/health');
    expect(answer.headers['x-seen']).toContain('GET /health none 10.8.0.3:8000');
  });
});
