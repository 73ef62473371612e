import { beforeAll, describe, expect, it } from 'vitest';
import type { Client, Json, Place } from './client.ts';
import { MERGE } from './client.ts';
import { configMap, lease, pod, service, WIDGET_VERSION, widget } from './objects.ts';

interface Kind {
  kind: string;
  version: string;
  plural: string;
  /** A valid object with the fields of `unknown` besides. */
  object: Json;
  /** As strict decoding names them. */
  unknown: string[];
  /** As apply names them. */
  undeclared: string[];
}

const KINDS: Kind[] = [
  {
    kind: 'Widget',
    version: WIDGET_VERSION,
    plural: 'widgets',
    object: widget('k', { model: 'm', bogus: 1, parts: [{ name: 'a', odd: 1 }] }),
    unknown: ['spec.bogus', 'spec.parts[0].odd'],
    undeclared: ['.spec.bogus', '.spec.parts[name="a"].odd'],
  },
  {
    kind: 'Service',
    version: 'v1',
    plural: 'services',
    object: service('k', { bogus: 1, ports: [{ port: 80, odd: 1 }] }),
    unknown: ['spec.bogus', 'spec.ports[0].odd'],
    undeclared: ['.spec.bogus', '.spec.ports[port=80,protocol="TCP"].odd'],
  },
  {
    kind: 'NetworkPolicy',
    version: 'networking.k8s.io/v1',
    plural: 'networkpolicies',
    object: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'k' },
      spec: { podSelector: {}, bogus: 1, ingress: [{ from: [{ podSelector: { odd: 1 } }] }] },
    },
    unknown: ['spec.bogus', 'spec.ingress[0].from[0].podSelector.odd'],
    undeclared: ['.spec.bogus', '.spec.ingress[0].from[0].podSelector.odd'],
  },
  {
    kind: 'ConfigMap',
    version: 'v1',
    plural: 'configmaps',
    object: { ...configMap('k', { a: '1' }, { odd: 1 }), bogus: { x: 1 } },
    unknown: ['bogus', 'metadata.odd'],
    undeclared: ['.bogus', '.metadata.odd'],
  },
  {
    kind: 'Pod',
    version: 'v1',
    plural: 'pods',
    object: pod('k', { bogus: 1, containers: [{ name: 'a', image: 'b', env: [{ name: 'A', valu: 'x' }] }] }),
    unknown: ['spec.bogus', 'spec.containers[0].env[0].valu'],
    undeclared: ['.spec.bogus', '.spec.containers[name="a"].env[name="A"].valu'],
  },
  {
    kind: 'Lease',
    version: 'coordination.k8s.io/v1',
    plural: 'leases',
    object: { ...lease('k', { bogus: 1, holderIdentity: 'x' }), odd: 1 },
    unknown: ['odd', 'spec.bogus'],
    undeclared: ['.odd', '.spec.bogus'],
  },
];

const sorted = (texts: string[]) => texts.toSorted();
const quoted = (message: string) =>
  sorted([...message.matchAll(/unknown field "([^"]+)"/g)].map(([, name = '']) => name));

export function unknownFieldsContract(kube: () => Client): void {
  describe.each(KINDS)('unknown fields of a $kind', ({ kind, version, plural, object, unknown, undeclared }) => {
    let place: Place;
    const at = (query: string) => `${place.path(plural, version)}${query}`;
    const warnings = unknown.map((name) => `unknown field "${name}"`);
    beforeAll(async () => {
      place = await kube().place();
    });

    it('are refused, told or dropped by POST', async () => {
      const strict = await kube().ask('POST', at('?dryRun=All&fieldValidation=Strict'), object);
      expect(strict.code).toBe(400);
      expect(strict.body.reason).toBe('BadRequest');
      const start = `${kind} in version "v1" cannot be handled as a ${kind}: strict decoding error: `;
      expect(strict.body.message.slice(0, start.length)).toBe(start);
      expect(quoted(strict.body.message)).toEqual(sorted(unknown));
      for (const mode of ['&fieldValidation=Warn', '']) {
        const warned = await kube().ask('POST', at(`?dryRun=All${mode}`), object);
        expect(warned.code).toBe(201);
        expect(sorted(warned.warnings)).toEqual(sorted(warnings));
      }
      const ignored = await kube().ask('POST', at('?fieldValidation=Ignore'), object);
      expect([ignored.code, ignored.warnings]).toEqual([201, []]);
      expect(JSON.stringify([ignored.body.spec, ignored.body.bogus])).not.toContain('bogus');
    });

    it('are refused, told or dropped by PUT', async () => {
      const live = (await kube().get(at('/k'))).body;
      const metadata = { ...live.metadata, ...object.metadata };
      const spec = live.spec && { ...live.spec, ...object.spec };
      const given = { ...live, ...object, metadata, ...(spec ? { spec } : {}) };
      const put = (mode: string) => kube().ask('PUT', at(`/k?dryRun=All&fieldValidation=${mode}`), given);
      const strict = await put('Strict');
      expect(strict.code).toBe(400);
      expect(quoted(strict.body.message)).toEqual(sorted(unknown));
      const warned = await put('Warn');
      expect(warned.code).toBe(200);
      expect(sorted(warned.warnings)).toEqual(sorted(warnings));
      const ignored = await put('Ignore');
      expect([ignored.code, ignored.warnings]).toEqual([200, []]);
    });

    it('are refused, told or dropped by a merge patch', async () => {
      const body = { more: 1, metadata: { labels: { seen: 'yes' } } };
      const patch = (mode: string) =>
        kube().ask('PATCH', at(`/k?dryRun=All&fieldValidation=${mode}`), body, { type: MERGE });
      const strict = await patch('Strict');
      expect(strict.code).toBe(422);
      expect(strict.body).toMatchObject({ reason: 'Invalid', details: { causes: [{ field: 'patch' }] } });
      expect(strict.body.message).toMatch(/^ "" is invalid: patch: Invalid value: "/);
      // The value is the whole patched object, as JSON in a string.
      const value = JSON.parse(/^Invalid value: ("(?:[^"\\]|\\.)*"): /.exec(cause(strict.body))?.[1] ?? '""');
      expect(JSON.parse(value)).toMatchObject({ kind, more: 1 });
      expect(cause(strict.body)).toMatch(/: strict decoding error: unknown field "more"$/);
      const warned = await patch('Warn');
      expect([warned.code, warned.warnings]).toEqual([200, ['unknown field "more"']]);
      expect(warned.body.metadata.labels).toEqual({ seen: 'yes' });
      const ignored = await patch('Ignore');
      expect([ignored.code, ignored.warnings]).toEqual([200, []]);
    });

    it('are never applied, whatever the validation', async () => {
      for (const mode of ['Strict', 'Warn', 'Ignore']) {
        const query = `fieldManager=one&dryRun=All&fieldValidation=${mode}`;
        const { code, body } = await kube().apply(at('/k'), object, query);
        expect(code).toBe(500);
        expect(body.reason).toBeUndefined();
        const [group, v] = version.includes('/') ? version.split('/') : ['', version];
        const start = `failed to create typed patch object (/k; ${group}/${v}, Kind=${kind}): `;
        expect(body.message.slice(0, start.length)).toBe(start);
        // The server goes through a map in random order and may stop at the first.
        expect(undeclared.some((path) => body.message.includes(`${path}: field not declared in schema`))).toBe(true);
      }
    });
  });

  describe('a field given twice', () => {
    it('is refused or told', async () => {
      const maps = (await kube().place()).path('configmaps');
      const text = '{"metadata":{"name":"twice"},"data":{"a":"1","b":"{\\"x\\":1}","a":"2"}}';
      const strict = await kube().ask('POST', `${maps}?fieldValidation=Strict`, text);
      expect(strict.code).toBe(400);
      expect(strict.body.message).toBe(
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: duplicate field "data.a"',
      );
      const warned = await kube().ask('POST', maps, text);
      expect([warned.code, warned.warnings]).toEqual([201, ['duplicate field "data.a"']]);
      expect(warned.body.data.a).toBe('2');
    });
  });
}

const cause = (body: Json): string => body.details.causes[0].message;
