import type { KubeObject } from '../../protocol.ts';
import type { Schema } from './schema.ts';

interface Version {
  name: string;
  schema: Schema;
  columns?: [name: string, jsonPath: string, type?: string][];
}

/** A definition, namespaced unless told otherwise; every version is served, the first one is stored. */
export function definition(options: {
  group: string;
  kind: string;
  plural: string;
  shortNames?: string[];
  annotations?: Record<string, string>;
  scope?: 'Namespaced' | 'Cluster';
  versions: Version[];
}): KubeObject {
  const { group, kind, plural, shortNames, annotations, scope = 'Namespaced', versions } = options;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, ...(annotations ? { annotations } : {}) },
    spec: {
      group,
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames ? { shortNames } : {}),
      },
      scope,
      conversion: { strategy: 'None' },
      versions: versions.map((version, index) => ({
        name: version.name,
        served: true,
        storage: index === 0,
        subresources: { status: {} },
        schema: { openAPIV3Schema: version.schema },
        additionalPrinterColumns: [
          ...(version.columns ?? []).map(([name, jsonPath, type = 'string']) => ({ name, jsonPath, type })),
          { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
        ],
      })),
    },
  };
}
