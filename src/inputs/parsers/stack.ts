import type { Parser, Reading } from '../row.ts';
import { checkKubernetesName, listOf } from './basic.ts';

/** What manifests may be. */
export interface GuardPolicy {
  /** `NetworkPolicy`, or with its group `EnvoyFilter.networking.istio.io`. */
  kinds: readonly string[];
  namespaces: readonly string[];
  /** Registries or beginnings of repositories: `quay.io/opendatahub`; `docker.io` where an image names none. */
  registries: readonly string[];
  /** Objects that manifests may name without bringing them: `Secret/hf-token`, `Gateway/namespace/name`. */
  references: readonly string[];
  /** Fields beside the reviewed ones: `spec.template.nodeName`, or of one kind `LLMInferenceService:spec.scaling`. */
  fields: readonly string[];
  /** The gateway of the stack; null when no input names it. */
  gateway: { namespace: string; name: string } | null;
  /** The node pool of the stack; null when no input names it. */
  nodePool: string | null;
}

/** The policy of the inputs `allowed-…`. The namespace of the stack is always among the allowed ones. */
export const guard: Parser<GuardPolicy> = (reading) => {
  const { text } = reading;
  const kinds = kindsOf(reading);
  const registries = registriesOf(reading);
  const more = listOf(text('allowed-namespaces')).map((name) =>
    checkKubernetesName(reading, 'allowed-namespaces', name),
  );
  return {
    kinds,
    namespaces: [...new Set([text('namespace'), ...more])],
    registries,
    references: referencesOf(reading),
    fields: fieldsOf(reading),
    gateway: gateway({ ...reading, bad: () => {} }, 'gateway'),
    nodePool: text('node-pool') || null,
  };
};

function referencesOf({ text, bad }: Reading): string[] {
  const references = listOf(text('allowed-references'));
  for (const reference of references) {
    if (!/^[A-Z][A-Za-z0-9]*(\/[a-z0-9][a-z0-9.-]*){1,2}$/.test(reference)) {
      bad('allowed-references', reference, 'kinds with a name, such as Secret/hf-token or Gateway/namespace/name');
    }
  }
  return references;
}

function fieldsOf({ text, bad }: Reading): string[] {
  const fields = listOf(text('allowed-fields'));
  for (const field of fields) {
    if (!/^([A-Z][A-Za-z0-9]*(\.[a-z0-9.-]+)?:)?[A-Za-z][\w.@/-]*$/.test(field)) {
      bad('allowed-fields', field, 'fields such as spec.template.nodeName, or LLMInferenceService:spec.scaling');
    }
  }
  return fields;
}

function kindsOf({ text, bad }: Reading): string[] {
  const kinds = listOf(text('allowed-kinds'));
  for (const kind of kinds) {
    if (!/^[A-Z][A-Za-z0-9]*(\.[a-z0-9.-]+)?$/.test(kind)) {
      bad('allowed-kinds', kind, 'kinds such as NetworkPolicy, or with their group EnvoyFilter.networking.istio.io');
    }
  }
  return kinds;
}

function registriesOf({ text, bad }: Reading): string[] {
  const registries = listOf(text('allowed-registries')).map((name) => name.replace(/\/+$/, ''));
  for (const registry of registries) {
    if (
      !/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/.test(registry) ||
      !/[.:]|^localhost/.test(registry.split('/')[0] ?? '')
    ) {
      bad('allowed-registries', registry, 'registries or beginnings of repositories, such as ghcr.io/llm-d');
    }
  }
  return registries;
}

/** A gateway as `namespace/name`; null for an empty text. */
export const gateway: Parser<{ namespace: string; name: string } | null> = ({ text, bad }, name) => {
  const value = text(name);
  if (value === '') return null;
  const [namespace, own, ...rest] = value.split('/');
  if (namespace && own && rest.length === 0) return { namespace, name: own };
  bad(name, value, 'namespace/name, such as opendatahub/inference-gateway');
  return null;
};

/** Nodes of the pool after the run. */
export const restingNodes: Parser<number> = ({ text, bad }, name) => {
  const value = text(name);
  if (!/^\d{1,3}$/.test(value)) bad(name, value, '"before" (the size found before the run) or a number');
  return Number(value);
};

/** The environment of a GitHub Deployment; empty for no deployment. */
export const environment: Parser<string> = ({ text, bad }, name) => {
  const value = text(name);
  if (value === 'none') return '';
  if (!/^[\w.][\w ./-]{0,99}$/.test(value)) bad(name, value, 'none, or a name such as tpu-serving');
  return value;
};
