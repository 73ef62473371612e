import type { Answer } from './api-server.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/**
 * Whether a CustomResourceDefinition is established and discovery lists it in every version that it serves. The first
 * alone is not enough for a client: a controller of its own writes discovery, some milliseconds later.
 */
export async function isEstablished(
  { ask }: { ask(method: string, path: string): Promise<Answer> },
  name: string,
): Promise<boolean> {
  const { body } = await ask('GET', `${DEFINITIONS}/${name}`);
  const conditions: { type: string; status: string }[] = body.status?.conditions ?? [];
  if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True')) return false;
  const { group, names, versions } = body.spec;
  for (const version of versions as { name: string; served: boolean }[]) {
    if (!version.served) continue;
    const found = await ask('GET', `/apis/${group}/${version.name}`);
    const resources: { name: string }[] = found.body.resources ?? [];
    if (!resources.some((each) => each.name === names.plural)) return false;
  }
  return true;
}
