import type { Json } from './client.ts';

export const WIDGETS = 'widgets.contract.example.com';
export const WIDGET_VERSION = 'contract.example.com/v1';
export const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

export const configMap = (name: string, data?: Json, metadata?: Json): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, ...metadata },
  ...(data ? { data } : {}),
});

export const service = (name: string, spec: Json): Json => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec,
});

export const pod = (name: string, spec: Json = {}, metadata: Json = {}): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec: { containers: [{ name: 'main', image: 'vllm:1', ports: [{ containerPort: 8000 }] }], ...spec },
});

export const lease = (name: string, spec: Json, metadata: Json = {}): Json => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name, ...metadata },
  spec,
});

export const widget = (name: string, spec: Json, metadata: Json = {}): Json => ({
  apiVersion: WIDGET_VERSION,
  kind: 'Widget',
  metadata: { name, ...metadata },
  spec,
});

/** A definition with the traits that the serving stack's own have: two versions, status, a keyed list, a default. */
export const widgetDefinition = (plural = 'widgets', kind = 'Widget'): Json => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.contract.example.com` },
  spec: {
    group: 'contract.example.com',
    scope: 'Namespaced',
    names: { plural, kind, shortNames: [kind.slice(0, 2).toLowerCase()] },
    versions: ['v1alpha1', 'v1'].map((name) => ({
      name,
      served: true,
      storage: name === 'v1',
      subresources: {
        status: {},
        scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
      },
      additionalPrinterColumns: [
        { name: 'Model', type: 'string', jsonPath: '.spec.model' },
        { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
        { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas', priority: 1 },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ],
      schema: { openAPIV3Schema: schema() },
    })),
  },
});

function schema(): Json {
  const part = {
    type: 'object',
    required: ['name'],
    properties: { name: { type: 'string' }, size: { type: 'integer' } },
  };
  return {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        required: ['model'],
        properties: {
          model: { type: 'string', pattern: '^[a-z]+$' },
          replicas: { type: 'integer', minimum: 0, default: 1 },
          mode: { type: 'string', enum: ['fast', 'safe'] },
          parts: {
            type: 'array',
            items: part,
            'x-kubernetes-list-type': 'map',
            'x-kubernetes-list-map-keys': ['name'],
          },
          free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        },
      },
      status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
}
