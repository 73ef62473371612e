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

/**
 * What KServe ODH v0.15 and its endpoint picker need beside the pools: InferenceModel, which the extension had before
 * v1.0, and InferenceObjective, which it has since. Nothing in the lab reads them.
 */
export function inferenceModelDefinitions(): KubeObject[] {
  const poolRef = s.object({ group: s.string, kind: s.string, name: s.string }, ['name']);
  const model = s.object({ modelName: s.string, criticality: s.string, poolRef, targetModels: s.list(s.anything) }, [
    'modelName',
    'poolRef',
  ]);
  const objective = s.object({ priority: s.int32, poolRef }, ['poolRef']);
  const status = s.object({ conditions: s.conditions });
  const define = (kind: string, plural: string, spec: s.Schema) =>
    definition({
      kind,
      plural,
      group: 'inference.networking.x-k8s.io',
      versions: [{ name: 'v1alpha2', schema: s.resource(spec, status) }],
    });
  return [
    define('InferenceModel', 'inferencemodels', model),
    define('InferenceObjective', 'inferenceobjectives', objective),
  ];
}
