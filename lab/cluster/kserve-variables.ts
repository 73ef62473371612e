import type { KubeObject } from '../protocol.ts';
import type { GatewayRef } from './kserve-router.ts';
import type { KserveTraits } from './kserve-versions.ts';
import { childName } from './objects.ts';

/** Why a service cannot be combined with its presets, in the controller's words. */
export type Combined = { service: KubeObject } | { error: string };

/**
 * The service with the template expressions in its spec filled in. The controller runs the whole combined spec, the
 * user's part included, through Go's text/template; of that language the expressions that presets use are known here.
 */
export function combine(service: KubeObject, gateway: GatewayRef, { controller }: KserveTraits): Combined {
  const [base] = (service.spec?.baseRefs ?? []) as { name: string }[];
  if (base) {
    const where = `[${JSON.stringify(service.metadata.namespace)}, ${JSON.stringify(controller.namespace)}]`;
    return {
      error: `failed to get LLMInferenceServiceConfig ${JSON.stringify(base.name)} from namespaces ${where}: not found`,
    };
  }
  let error: string | undefined;
  const fill = (text: string) =>
    text.replace(/\{\{(.*?)\}\}/gs, (whole, expression: string) => {
      const value = expand(expression.replaceAll(/^-|-$/g, '').trim(), service, gateway);
      if (value === undefined) error ??= `failed to parse template config: ${whole} is not known`;
      return value ?? whole;
    });
  const spec = mapStrings(service.spec ?? {}, fill);
  return error === undefined ? { service: { ...service, spec } } : { error };
}

function expand(expression: string, service: KubeObject, gateway: GatewayRef): string | undefined {
  const { name, namespace } = service.metadata;
  const child = /^ChildName \.(?:ObjectMeta\.)?Name (?:`([^`]*)`|"([^"]*)")$/.exec(expression);
  if (child) return childName(name, (child[1] ?? child[2]) as string);
  const values: Record<string, string | undefined> = {
    '.ObjectMeta.Name': name,
    '.ObjectMeta.Namespace': namespace,
    '.Spec.Model.Name': service.spec?.model?.name ?? name,
    '.GlobalConfig.IngressGatewayName': gateway.name,
    '.GlobalConfig.IngressGatewayNamespace': gateway.namespace,
  };
  return values[expression];
}

function mapStrings(value: unknown, fill: (text: string) => string): unknown {
  if (typeof value === 'string') return fill(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, fill));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, mapStrings(inner, fill)]));
}
