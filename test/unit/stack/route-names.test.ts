import { describe, expect, it } from 'vitest';
import type { LLMInferenceService } from '../../../src/clients/kubernetes/kinds.ts';
import { versionOf } from '../../../src/diagnosis/facts.ts';
import { expectedRouteNames } from '../../../src/stack/route-names.ts';
import { rulesOf } from '../../../src/stack/route-rules.ts';
import { NAMESPACE, SERVICE, VERSIONS } from './kserve.ts';

const service = (router: Record<string, unknown> = { route: {} }): LLMInferenceService => ({
  apiVersion: 'serving.kserve.io/v1alpha1',
  kind: 'LLMInferenceService',
  metadata: { name: SERVICE, namespace: NAMESPACE },
  spec: { router },
});

describe('the names that the routes of a service will have', () => {
  // v0.16 is not covered: its one rule sends everything to the endpoint picker.
  it.each(VERSIONS.filter(({ name }) => name !== 'v0.16.0'))('are those that $name makes', ({ name, route }) => {
    const version = versionOf(`kserve:${name.split(' ').at(-1)}`);
    expect(expectedRouteNames(service(), NAMESPACE, version)).toEqual(rulesOf(route).map(({ istioName }) => istioName));
  });

  it('are not known for another version, or for routes that somebody else makes', () => {
    expect(expectedRouteNames(service(), NAMESPACE, null)).toBeNull();
    expect(expectedRouteNames(service(), NAMESPACE, [0, 16, 0])).toBeNull();
    expect(expectedRouteNames(service(), NAMESPACE, [0, 21, 0])).toBeNull();
    const refs = service({ route: { http: { refs: [{ name: 'mine' }] } } });
    expect(expectedRouteNames(refs, NAMESPACE, [0, 20, 0])).toBeNull();
  });

  it('are those of the rules that the manifest gives', () => {
    const own = service({ route: { http: { spec: { rules: [{ name: 'mine' }, {}] } } } });
    expect(expectedRouteNames(own, NAMESPACE, null)).toEqual(['mine', `${NAMESPACE}.${SERVICE}-kserve-route.1`]);
  });
});
