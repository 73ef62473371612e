import type { KubeObject } from '../../protocol.ts';
import { definition } from './crd.ts';
import * as s from './schema.ts';

const picker = {
  group: s.string,
  kind: { ...s.string, default: 'Service' },
  name: s.string,
  failureMode: { ...s.oneOf('FailOpen', 'FailClose'), default: 'FailClose' },
};
const parents = s.list(
  s.object(
    {
      parentRef: s.object({ group: s.string, kind: s.string, name: s.string, namespace: s.string }, ['name']),
      controllerName: s.string,
      conditions: s.conditions,
    },
    ['parentRef'],
  ),
);

/** InferencePool in both of its groups, as KServe ODH v0.15 needs them. */
export function inferencePoolDefinitions(): KubeObject[] {
  const kind = { kind: 'InferencePool', plural: 'inferencepools' };
  const experimental = s.object(
    {
      selector: s.stringMap,
      targetPortNumber: s.port,
      extensionRef: s.object({ ...picker, portNumber: s.port }, ['name']),
    },
    ['selector', 'targetPortNumber', 'extensionRef'],
  );
  const promoted = s.object(
    {
      selector: s.object({ matchLabels: s.stringMap }, ['matchLabels']),
      targetPorts: s.list(s.object({ number: s.port }, ['number'])),
      endpointPickerRef: s.object({ ...picker, port: s.object({ number: s.port }, ['number']) }, ['name']),
      appProtocol: { ...s.oneOf('http', 'kubernetes.io/h2c'), default: 'http' },
    },
    ['selector', 'targetPorts'],
  );
  return [
    definition({
      ...kind,
      group: 'inference.networking.x-k8s.io',
      shortNames: ['xinfpool'],
      versions: [{ name: 'v1alpha2', schema: s.resource(experimental, s.object({ parent: parents })) }],
    }),
    definition({
      ...kind,
      group: 'inference.networking.k8s.io',
      annotations: {
        'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api-inference-extension/pull/1173',
      },
      shortNames: ['infpool'],
      versions: [{ name: 'v1', schema: s.resource(promoted, s.object({ parents }), true) }],
    }),
  ];
}
