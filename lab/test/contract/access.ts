import { describe, expect, it } from 'vitest';
import type { Client, Json } from './client.ts';
import { APPLY } from './client.ts';
import { configMap } from './objects.ts';

const REVIEWS = '/apis/authorization.k8s.io/v1';

export function accessContract(kube: () => Client): void {
  describe('authentication', () => {
    it('refuses a token that nobody issued', async () => {
      for (const path of ['/api/v1/namespaces/default/configmaps', '/apis', '/version']) {
        const { code, body } = await kube().get(path, { as: 'forged' });
        expect(code).toBe(401);
        expect(body).toEqual({
          kind: 'Status',
          apiVersion: 'v1',
          metadata: {},
          status: 'Failure',
          message: 'Unauthorized',
          reason: 'Unauthorized',
          code: 401,
        });
      }
    });

    it('takes a request without a token for the anonymous user, who may do nothing', async () => {
      const { code, body } = await kube().get('/api/v1/nodes', { as: 'anonymous' });
      expect([code, body.reason]).toEqual([403, 'Forbidden']);
      expect(body.message).toBe(
        'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group "" at the cluster scope',
      );
      const path = await kube().get('/apis', { as: 'anonymous' });
      expect(path.body.message).toBe('forbidden: User "system:anonymous" cannot get path "/apis"');
    });
  });

  describe('authorization', () => {
    const user = () => kube().endpoint.powerless.name;
    const MAPS = '/api/v1/namespaces/default/configmaps';
    const inDefault = (what: string) => `${what} in the namespace "default"`;
    const cases: [method: string, path: string, about: string, what: string][] = [
      ['GET', MAPS, 'configmaps', inDefault('cannot list resource "configmaps" in API group ""')],
      ['GET', `${MAPS}?watch=1`, 'configmaps', inDefault('cannot watch resource "configmaps" in API group ""')],
      ['GET', `${MAPS}/x`, 'configmaps "x"', inDefault('cannot get resource "configmaps" in API group ""')],
      ['POST', MAPS, 'configmaps', inDefault('cannot create resource "configmaps" in API group ""')],
      ['PUT', `${MAPS}/x`, 'configmaps "x"', inDefault('cannot update resource "configmaps" in API group ""')],
      ['PATCH', `${MAPS}/x`, 'configmaps "x"', inDefault('cannot patch resource "configmaps" in API group ""')],
      ['DELETE', `${MAPS}/x`, 'configmaps "x"', inDefault('cannot delete resource "configmaps" in API group ""')],
      ['DELETE', MAPS, 'configmaps', inDefault('cannot deletecollection resource "configmaps" in API group ""')],
      [
        'GET',
        '/api/v1/namespaces/default/pods/p/log',
        'pods "p"',
        inDefault('cannot get resource "pods/log" in API group ""'),
      ],
      ['GET', '/api/v1/nodes', 'nodes', 'cannot list resource "nodes" in API group "" at the cluster scope'],
      [
        'GET',
        '/api/v1/namespaces/default',
        'namespaces "default"',
        inDefault('cannot get resource "namespaces" in API group ""'),
      ],
      [
        'PATCH',
        '/apis/apps/v1/namespaces/default/deployments/d/status',
        'deployments.apps "d"',
        inDefault('cannot patch resource "deployments/status" in API group "apps"'),
      ],
      [
        'GET',
        '/apis/nothing.example.com/v1/things',
        'things.nothing.example.com',
        'cannot list resource "things" in API group "nothing.example.com" at the cluster scope',
      ],
    ];

    it.each(cases)('refuses %s %s in full words', async (method, path, about, what) => {
      const body = ['GET', 'DELETE'].includes(method) ? undefined : configMap('x');
      const answer = await kube().ask(method, path, body, {
        as: 'powerless',
        type: method === 'PATCH' ? APPLY : 'application/json',
      });
      expect(answer.code).toBe(403);
      const [, kind = '', group, name] = /^([a-z]+)(?:\.(\S+))?(?: "(.*)")?$/.exec(about) ?? [];
      expect(answer.body).toEqual({
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: `${about} is forbidden: User "${user()}" ${what}`,
        reason: 'Forbidden',
        details: { ...(name ? { name } : {}), ...(group ? { group } : {}), kind },
        code: 403,
      });
    });

    it('lets every authenticated user discover, and read nothing else', async () => {
      expect((await kube().get('/apis', { as: 'powerless' })).body.kind).toBe('APIGroupList');
      const { code, body } = await kube().get('/metrics', { as: 'powerless' });
      expect([code, body.details]).toEqual([403, {}]);
      expect(body.message).toBe(`forbidden: User "${user()}" cannot get path "/metrics"`);
    });
  });

  describe('an access review', () => {
    const ask = (spec: Json, as: 'admin' | 'powerless', kind = 'SelfSubjectAccessReview') =>
      kube().ask(
        'POST',
        `${REVIEWS}/${kind.toLowerCase()}s`,
        { apiVersion: 'authorization.k8s.io/v1', kind, spec },
        { as },
      );

    it('says what is allowed, to whom nothing is allowed too', async () => {
      const spec = { resourceAttributes: { namespace: 'default', verb: 'list', resource: 'pods' } };
      const may = await ask(spec, 'admin');
      expect(may.code).toBe(201);
      expect(may.body).toMatchObject({ kind: 'SelfSubjectAccessReview', spec, status: { allowed: true } });
      const mayNot = await ask(spec, 'powerless');
      expect(mayNot.code).toBe(201);
      expect(mayNot.body.status).toEqual({ allowed: false });
    });

    it('knows paths as well as resources', async () => {
      const path = (path: string) => ({ nonResourceAttributes: { path, verb: 'get' } });
      expect((await ask(path('/version'), 'powerless')).body.status.allowed).toBe(true);
      expect((await ask(path('/metrics'), 'powerless')).body.status.allowed).toBe(false);
      expect((await ask(path('/metrics'), 'admin')).body.status.allowed).toBe(true);
    });

    it('needs one question', async () => {
      const { code, body } = await ask({}, 'admin');
      expect(code).toBe(422);
      const message =
        'Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified';
      expect(body).toMatchObject({
        message: `.authorization.k8s.io "" is invalid: spec.resourceAttributes: ${message}`,
        details: {
          group: 'authorization.k8s.io',
          causes: [{ reason: 'FieldValueInvalid', message, field: 'spec.resourceAttributes' }],
        },
      });
    });

    it('of the rules lists them, those that every user has included', async () => {
      const rules = async (as: 'admin' | 'powerless') =>
        (await ask({ namespace: 'default' }, as, 'SelfSubjectRulesReview')).body.status;
      const admin = await rules('admin');
      expect(admin.incomplete).toBe(false);
      expect(admin.resourceRules).toContainEqual({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
      expect(admin.nonResourceRules).toContainEqual({ verbs: ['*'], nonResourceURLs: ['*'] });
      const none = await rules('powerless');
      const basic = {
        verbs: ['create'],
        apiGroups: ['authorization.k8s.io'],
        resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
      };
      expect(none.resourceRules).toContainEqual(basic);
      expect(none.resourceRules).not.toContainEqual({ verbs: ['*'], apiGroups: ['*'], resources: ['*'] });
      const { code, body } = await ask({}, 'admin', 'SelfSubjectRulesReview');
      expect([code, body.message]).toEqual([400, 'no namespace on request']);
    });

    it('of oneself says who one is', async () => {
      const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
      const { code, body } = await kube().ask('POST', path, {}, { as: 'powerless' });
      expect(code).toBe(201);
      expect(body).toMatchObject({
        kind: 'SelfSubjectReview',
        apiVersion: 'authentication.k8s.io/v1',
        status: { userInfo: { username: kube().endpoint.powerless.name } },
      });
      expect(body.status.userInfo.groups).toContain('system:authenticated');
    });
  });
}
