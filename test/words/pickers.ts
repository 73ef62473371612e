import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Expected } from './downloads.ts';

/** A way to start the endpoint picker that ends it. */
export interface Picker extends Expected {
  args: readonly string[];
  /** The Kubernetes API that it finds; without one there is no configuration for it. */
  api?: RequestListener | 'nobody';
}

const POOL = ['--pool-name=qwen-inference-pool', '--pool-namespace=llm'];
const config = (...lines: string[]) =>
  `--config-text=${['apiVersion: inference.networking.x-k8s.io/v1alpha1', 'kind: EndpointPickerConfig', ...lines].join('\n')}`;
const GOOD = config(
  'plugins:',
  '- type: queue-scorer',
  'schedulingProfiles:',
  '- name: default',
  '  plugins:',
  '  - pluginRef: queue-scorer',
);

/** What the picker asks the Kubernetes API for, by group and version. */
const KINDS: Record<string, [kind: string, plural: string]> = {
  v1: ['Pod', 'pods'],
  'inference.networking.k8s.io/v1': ['InferencePool', 'inferencepools'],
  'inference.networking.x-k8s.io/v1alpha2': ['InferenceObjective', 'inferenceobjectives'],
};

/** A Kubernetes API that has definitions of these groups, and forbids each request for objects. */
function apiWith(...groups: (keyof typeof KINDS)[]): RequestListener {
  return (request, response) => {
    const path = (request.url ?? '').split('?')[0] as string;
    const send = (code: number, body: object) => {
      response.writeHead(code, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
    };
    const [, group = '', namespaces, namespace, plural] =
      /^\/apis?\/(.+?)(?:\/(namespaces)\/([^/]+))?(?:\/([a-z]+))?$/.exec(path) ?? [];
    const [kind, known] = KINDS[group] ?? [];
    if (path === '/api') send(200, { kind: 'APIVersions', versions: ['v1'] });
    else if (path === '/apis') {
      const named = groups.map((each) => each.split('/') as [string, string]);
      const versions = (name: string, version: string) => [{ groupVersion: `${name}/${version}`, version }];
      send(200, {
        kind: 'APIGroupList',
        apiVersion: 'v1',
        groups: named.map(([name, version]) => ({
          name,
          versions: versions(name, version),
          preferredVersion: versions(name, version)[0],
        })),
      });
    } else if (group !== 'v1' && !groups.includes(group)) {
      send(404, statusOf(404, 'NotFound', 'the server could not find the requested resource'));
    } else if (plural === undefined && namespaces === undefined) {
      const resource = { name: known, singularName: '', namespaced: true, kind, verbs: ['get', 'list', 'watch'] };
      send(200, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: group, resources: [resource] });
    } else {
      const [name = ''] = group.includes('/') ? group.split('/') : [];
      const what = name ? `${plural}.${name}` : plural;
      const user = 'User "system:serviceaccount:llm:qwen-epp-sa" cannot list resource';
      const where = namespace ? `in the namespace "${namespace}"` : 'at the cluster scope';
      send(
        403,
        statusOf(403, 'Forbidden', `${what} is forbidden: ${user} "${plural}" in API group "${name}" ${where}`),
      );
    }
  };
}

function statusOf(code: number, reason: string, message: string): object {
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code };
}

const POOL_GROUP = 'inference.networking.k8s.io/v1';
const OBJECTIVE_GROUP = 'inference.networking.x-k8s.io/v1alpha2';
const whole = apiWith(POOL_GROUP, OBJECTIVE_GROUP);

export const PICKERS: readonly Picker[] = [
  {
    name: 'picker-unknown-flag',
    args: [...POOL, '--configText=plugins: []'],
    cause: 'picker.unknown-flag',
    named: ['--configText'],
  },
  {
    name: 'picker-unknown-shorthand',
    args: [...POOL, '-poolName=qwen'],
    cause: 'picker.unknown-flag',
    named: ['-poolName'],
  },
  {
    name: 'picker-bad-value',
    args: [...POOL, '--grpc-port=http'],
    cause: 'picker.invalid-value',
    named: ['--grpc-port'],
  },
  {
    name: 'picker-missing-value',
    args: [...POOL, '--config-file'],
    cause: 'picker.invalid-value',
    named: ['--config-file'],
  },
  { name: 'picker-no-pool', args: [], cause: 'picker.no-pool-name', named: ['--pool-name'] },
  {
    name: 'picker-config-no-yaml',
    args: [...POOL, '--config-text=plugins: [queue-scorer'],
    api: whole,
    cause: 'picker.bad-config',
    named: ['yaml'],
  },
  {
    name: 'picker-config-unknown-field',
    args: [...POOL, config('plugin:', '- type: queue-scorer')],
    api: whole,
    cause: 'picker.bad-config',
    named: ['plugin'],
  },
  {
    name: 'picker-config-unknown-plugin',
    args: [...POOL, config('plugins:', '- type: prefix-cache-scorer-v9')],
    api: whole,
    cause: 'picker.bad-config',
    named: ['prefix-cache-scorer-v9'],
  },
  {
    name: 'picker-config-unknown-reference',
    args: [
      ...POOL,
      config(
        'plugins:',
        '- type: queue-scorer',
        'schedulingProfiles:',
        '- name: default',
        '  plugins:',
        '  - pluginRef: prefix-scorer',
      ),
    ],
    api: whole,
    cause: 'picker.bad-config',
    named: ['prefix-scorer'],
  },
  {
    name: 'picker-config-bad-parameters',
    args: [...POOL, config('plugins:', '- type: prefix-cache-scorer', '  parameters:', '    blockSize: many')],
    api: whole,
    cause: 'picker.bad-config',
    named: ['blockSize'],
  },
  {
    name: 'picker-config-no-file',
    args: [...POOL, '--config-file=/config/epp.yaml'],
    api: whole,
    cause: 'picker.bad-config',
    named: ['/config/epp.yaml'],
  },
  {
    name: 'picker-no-definitions',
    args: [...POOL, GOOD],
    api: apiWith(OBJECTIVE_GROUP),
    cause: 'picker.no-definitions',
    named: ['InferencePool'],
  },
  {
    name: 'picker-forbidden',
    args: [...POOL, GOOD],
    api: whole,
    cause: 'picker.forbidden',
    named: ['forbidden'],
  },
  {
    name: 'picker-no-certificate',
    args: [...POOL, GOOD, '--cert-path=/var/run/kserve/tls'],
    api: whole,
    // It may read nothing either; what ended it is the file.
    cause: 'picker.certificate-missing',
    named: ['/var/run/kserve/tls'],
  },
  {
    name: 'picker-no-cluster',
    args: [...POOL, GOOD],
    cause: 'container.crash-loop',
    named: ['no configuration has been provided'],
  },
  {
    name: 'picker-api-unreachable',
    args: [...POOL, GOOD],
    api: 'nobody',
    cause: 'container.crash-loop',
    named: ['connection refused'],
  },
  {
    name: 'picker-selector-and-pool',
    args: [...POOL, '--endpoint-selector=app=qwen'],
    cause: 'container.crash-loop',
    named: ['endpoint-selector'],
  },
];

/** It waits for two minutes until its caches have synchronised. */
const LIMIT_MS = 150_000;

/**
 * What the endpoint picker writes before it ends, without moments, ports and paths of this machine. Throws when it does not
 * end by itself.
 */
export async function wordsOfPicker(binary: string, { name, args, api }: Picker): Promise<string> {
  const home = mkdtempSync(join(tmpdir(), 'picker-'));
  const server = typeof api === 'function' ? createServer(api).listen(0, '127.0.0.1') : null;
  if (server) await once(server, 'listening');
  const port = server ? (server.address() as AddressInfo).port : 9;
  const kubeconfig = join(home, 'kubeconfig');
  if (api !== undefined) writeFileSync(kubeconfig, kubeconfigFor(`http://127.0.0.1:${port}`));
  try {
    const child = spawn(binary, args.length > 0 ? ['--metrics-port=0', '--tracing=false', ...args] : [], {
      env: { PATH: '/usr/bin:/bin', HOME: home, ...(api === undefined ? {} : { KUBECONFIG: kubeconfig }) },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: LIMIT_MS,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = await once(child, 'close');
    if (code === 0 || code === null) throw new Error(`${name}: it ended with ${code}:\n${output.slice(-2_000)}`);
    return normalised(output.replaceAll(binary, '/app/epp'), port);
  } finally {
    server?.closeAllConnections();
    server?.close();
    rmSync(home, { recursive: true, force: true });
  }
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'a', cluster: { server } }],
    contexts: [{ name: 'a', context: { cluster: 'a', user: 'a', namespace: 'llm' } }],
    users: [{ name: 'a', user: {} }],
    'current-context': 'a',
  });
}

function normalised(output: string, port: number): string {
  return `${output
    .replaceAll(`http://127.0.0.1:${port}`, 'https://10.0.0.1:443')
    .replaceAll(`127.0.0.1:${port}`, '10.0.0.1:443')
    .replaceAll(/"ts":[\d.]+/g, '"ts":0')
    .replaceAll(/^([IWEF])\d{4} [\d:.]+ +\d+/gm, '$10101 00:00:00.000000       1')
    .trimEnd()}\n`;
}
