import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compareFields } from '../../../../scripts/guard-fields/compare.ts';
import { loadManifests } from '../../../../src/clients/files/manifests.ts';
import { FIELD_LINES, type FieldType, lineOf } from '../../../../src/stages/preflight/guard-fields.ts';
import { valueRule } from '../../../../src/stages/preflight/guard-values.ts';
import { type CrdFolder, servedSchemas } from '../../../fixtures/crds.ts';
import { resourceFaults } from '../../manifests/structural-schema.ts';

/** Megabytes of YAML, on a machine that does other things as well. */
const SLOW_MS = 90_000;

describe('the reviewed fields', { timeout: SLOW_MS }, () => {
  it('are all that the schemas have, and nothing else', () => {
    expect(compareFields()).toEqual({ unreviewed: [], gone: [] });
  });

  it('are compared so that a field of a newer schema and one of an older are found', () => {
    const older = (name: string) => {
      const { allowed, refused } = lineOf(name);
      if (name !== 'Container') return { allowed, refused };
      return {
        allowed: new Map([...allowed].filter(([field]) => field !== 'env')),
        refused: new Set([...refused, 'gone']),
      };
    };
    const { unreviewed, gone } = compareFields(older);
    expect(unreviewed).toEqual([expect.stringMatching(/^Container\.env \(/)]);
    expect(gone).toEqual(['Container.gone']);
  });

  it('name only lines and rules that exist', () => {
    const look = ({ rule, ...type }: FieldType): void => {
      if (rule !== null) expect(valueRule(rule)).toBeTypeOf('function');
      if (type.form === 'object') expect([...lineOf(type.line).allowed]).not.toHaveLength(0);
      if (type.form === 'list' || type.form === 'map') look(type.of);
    };
    for (const { allowed } of FIELD_LINES.values()) [...allowed.values()].forEach(look);
    expect(FIELD_LINES.size).toBeGreaterThan(120);
  });
});

const SCHEMAS: Readonly<Record<string, CrdFolder>> = {
  LLMInferenceService: 'kserve-v0.20.0',
  LLMInferenceServiceConfig: 'kserve-v0.20.0',
  DestinationRule: 'istio',
  HTTPRoute: 'gateway-api',
};

it('what the corpus has the guard take is what the API servers take', { timeout: SLOW_MS }, async () => {
  const root = join(import.meta.dirname, '../../../fixtures/guard/honest');
  const faults: string[] = [];
  let compared = 0;
  for (const path of readdirSync(root)) {
    for (const { object } of await loadManifests({ path, root, namespace: 'serving', env: {} })) {
      const folder = SCHEMAS[object.kind];
      const [, version = ''] = object.apiVersion.split('/');
      if (!folder) continue;
      faults.push(
        ...resourceFaults(servedSchemas(folder, object.kind)[version], object).map((fault) => `${path}: ${fault}`),
      );
      compared += 1;
    }
  }
  expect(faults).toEqual([]);
  expect(compared).toBeGreaterThan(40);
});
