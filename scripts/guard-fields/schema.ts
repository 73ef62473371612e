import { BUILTIN_TYPES } from '../../lab/kube/builtin-types.ts';
import { type CrdFolder, servedSchemas } from '../../test/fixtures/crds.ts';

/** What a schema allows at a place. `fields` is called when it is looked into: types of Kubernetes refer to themselves. */
export type Schema =
  | { form: 'scalar' | 'any' }
  | { form: 'list' | 'map'; of: () => Schema }
  | { form: 'object'; fields: () => ReadonlyMap<string, Schema> };

/** Where the schemas of a reviewed kind are: CRDs of these products, or the API server's own types. */
const PRODUCTS: Readonly<Record<string, readonly CrdFolder[]>> = {
  'serving.kserve.io': ['kserve-odh-v0.15', 'kserve-v0.17.1', 'kserve-v0.20.0'],
  'networking.istio.io': ['istio'],
  'security.istio.io': ['istio'],
  'monitoring.googleapis.com': ['managed-prometheus'],
  'monitoring.coreos.com': ['prometheus-operator'],
  'cert-manager.io': ['cert-manager'],
  'keda.sh': ['keda'],
  'gateway.networking.k8s.io': ['gateway-api'],
  'inference.networking.k8s.io': ['inference-extension'],
  'inference.networking.x-k8s.io': ['inference-extension'],
};

interface Sourced {
  source: string;
  schema: Schema;
}

/** Every schema that a kind has, with the name of its source. Throws when there is none. */
export function schemasOf(kind: string, group: string): Sourced[] {
  const products = PRODUCTS[group];
  if (!products) return [{ source: 'kubernetes', schema: builtin(kind) }];
  return products.flatMap((product) =>
    Object.entries(servedSchemas(product, kind)).map(([version, schema]) => ({
      source: `${product} ${version}`,
      schema: ofCrd(schema),
    })),
  );
}

// biome-ignore lint/suspicious/noExplicitAny: a JSON schema is read as it comes
function ofCrd(schema: any): Schema {
  if (schema.type === 'array' && schema.items) return { form: 'list', of: () => ofCrd(schema.items) };
  if (typeof schema.additionalProperties === 'object') {
    return { form: 'map', of: () => ofCrd(schema.additionalProperties) };
  }
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length > 0 && !schema['x-kubernetes-preserve-unknown-fields']) {
    return { form: 'object', fields: () => new Map(properties.map(([name, inner]) => [name, ofCrd(inner)])) };
  }
  return { form: ['string', 'integer', 'number', 'boolean'].includes(schema.type) ? 'scalar' : 'any' };
}

/** A type of the lab's table of built-in types; its notation is explained there. */
function builtin(type: string): Schema {
  const [, list] = /^\[(.+)\](?:\([^)]*\))?[!~]?$/.exec(type) ?? [];
  if (list) return { form: 'list', of: () => builtin(list) };
  const [, map] = /^\{(.+)\}[!~]?$/.exec(type) ?? [];
  if (map) return { form: 'map', of: () => builtin(map) };
  const name = type.replace(/[!~]$/, '');
  if (name === '?') return { form: 'any' };
  if (/^[a-z]$/.test(name)) return { form: 'scalar' };
  const line = BUILTIN_TYPES[name];
  if (line === undefined) throw new Error(`lab/kube/builtin-types.ts has no ${name}`);
  return { form: 'object', fields: () => fieldsOf(line) };
}

function fieldsOf(line: string): ReadonlyMap<string, Schema> {
  const words = line.split(' ').filter((word) => word !== '!' && word !== '');
  return new Map(
    words.map((word) => {
      const colon = word.indexOf(':');
      return [word.slice(0, colon), builtin(word.slice(colon + 1).replace(/@[\d.]+\*?$/, ''))];
    }),
  );
}
