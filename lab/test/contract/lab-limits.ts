import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json, Place } from './client.ts';
import { DEFINITIONS, pod, WIDGET_VERSION, widget, widgetDefinition } from './objects.ts';

interface Limit {
  what: string;
  reason: string;
  method: string;
  path(place: Place): string;
  body?: Json;
  /** What kube-apiserver answers, without controllers and kubelets. */
  real: number;
}

/** What the lab's server answers with 501 while a real one does it. */
export const LIMITS: Limit[] = [
  {
    what: 'the binding of a pod to a node',
    reason: 'its own scheduler writes into the store',
    method: 'POST',
    path: (place) => `${place.path('pods')}/p/binding`,
    body: { metadata: { name: 'p' }, target: { apiVersion: 'v1', kind: 'Node', name: 'n1' } },
    real: 201,
  },
  {
    what: 'ephemeral containers',
    reason: 'containers are processes of the lab that it starts with their pod',
    method: 'GET',
    path: (place) => `${place.path('pods')}/p/ephemeralcontainers`,
    real: 200,
  },
  {
    what: 'the resize of a pod',
    reason: 'no kubelet would follow it',
    method: 'GET',
    path: (place) => `${place.path('pods')}/p/resize`,
    real: 200,
  },
  {
    what: 'a token for a service account',
    reason: "its tokens are those of the lab's identity provider",
    method: 'POST',
    path: (place) => `${place.path('serviceaccounts')}/s/token`,
    body: { spec: { audiences: ['x'] } },
    real: 201,
  },
  {
    what: 'the finalization of a namespace',
    reason: 'its garbage collector ends namespaces itself',
    method: 'PUT',
    path: (place) => `/api/v1/namespaces/${place.name}/finalize`,
    body: { metadata: { name: 'x' } },
    real: 400,
  },
];

export function labContract(kube: () => Client): void {
  describe('beyond the lab', () => {
    let place: Place;
    beforeAll(async () => {
      place = await kube().place();
      await kube().ask('POST', place.path('pods'), pod('p'));
      await kube().ask('POST', place.path('serviceaccounts'), { metadata: { name: 's' } });
    });

    it.each(LIMITS)('is $what: $reason', async ({ method, path, body, real }) => {
      const answer = await kube().ask(method, path(place), body);
      if (!kube().endpoint.isLab) {
        expect(answer.code).toBe(real);
        return;
      }
      expect(answer.code).toBe(501);
      expect(answer.body).toMatchObject({ kind: 'Status', status: 'Failure', reason: 'NotImplemented' });
      expect(answer.body.message).toMatch(/^the lab's API server does not implement /);
    });

    it('are rules in CEL, which it says: with a 501 it could not hold the definitions of the serving stack', async () => {
      const definition = widgetDefinition('rules', 'Rule');
      for (const each of definition.spec.versions) {
        const { spec } = each.schema.openAPIV3Schema.properties;
        spec['x-kubernetes-validations'] = [{ rule: "self.model != 'no'", message: 'not this one' }];
      }
      const made = await kube().ask('POST', DEFINITIONS, definition);
      const warning = 'the lab does not evaluate the CEL rules of rules.contract.example.com';
      expect([made.code, made.warnings]).toEqual([201, kube().endpoint.isLab ? [warning] : []]);
      const rules = place.path('rules', WIDGET_VERSION);
      await expect.poll(async () => (await kube().get(rules)).code, { timeout: 5_000 }).toBe(200);
      const { code } = await kube().ask('POST', rules, { ...widget('r', { model: 'no' }), kind: 'Rule' });
      expect(code).toBe(kube().endpoint.isLab ? 201 : 422);
    });

    it('are admission policies, which it says too', async () => {
      const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
      const { code, warnings } = await kube().ask('POST', `${path}?dryRun=All`, {
        metadata: { name: 'no-maps' },
        spec: {
          matchConstraints: {
            resourceRules: [
              { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] },
            ],
          },
          validations: [{ expression: 'false' }],
        },
      });
      expect(code).toBe(201);
      expect(warnings).toEqual(
        kube().endpoint.isLab ? ['the lab does not evaluate ValidatingAdmissionPolicy no-maps'] : [],
      );
    });
  });
}
