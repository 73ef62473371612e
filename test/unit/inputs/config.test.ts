import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '../../../src/inputs/config.ts';
import { CONFIG_NAMES } from '../../../src/inputs/config-rules.ts';
import { parseInputs } from '../../../src/inputs/inputs.ts';
import { INPUTS } from '../../../src/inputs/spec.ts';
import { withConfig } from '../../../src/inputs/with-config.ts';
import { VERSION } from '../../../src/lib/version.ts';
import { fences } from '../../checks/fences.ts';
import { root } from '../../checks/root.ts';

const FILE = '.github/tpu-serving-gate.yml';
const problems = (text: string) => {
  const parsed = parseConfig(text);
  return 'problems' in parsed ? parsed.problems : [];
};

describe('the file of inputs', () => {
  it('gives texts, numbers, switches and lists as an input takes them', () => {
    expect(
      parseConfig(
        'nodes: 3\nsummary: false\nprice-per-chip-hour: 2.70\nallowed-kinds: [Gadget, NetworkPolicy]\nslo: |\n  ttft-p95<500ms\n',
      ),
    ).toEqual({
      values: {
        ...{ nodes: '3', summary: 'false', 'price-per-chip-hour': '2.7', 'allowed-kinds': 'Gadget, NetworkPolicy' },
        slo: 'ttft-p95<500ms',
      },
    });
    expect(parseConfig('# nothing yet\n')).toEqual({ values: {} });
  });

  it('reports every problem at once, each in one sentence', () => {
    expect(
      problems(
        'node_pool: a\nlocatoin: b\ngithub-token: ghs_0123456789012345678901234\nmode: deploy\nnodes: { a: 1 }\n',
      ),
    ).toEqual([
      `${FILE} has "node_pool", which is not an input; did you mean "node-pool"?`,
      `${FILE} has "locatoin", which is not an input; did you mean "location"?`,
      `${FILE} has "github-token", which is a secret; take it out, and give it to the step from a secret of the repository.`,
      `${FILE} has "mode", which is of one run; give it in the workflow or on the command line.`,
      `${FILE} gives "nodes" a value that is not text, a number, true, false or a list of these.`,
    ]);
  });

  it.each([
    ['a token', 'namespace: hf_0123456789abcdefghij'],
    ['a key', 'manifests: |\n  -----BEGIN PRIVATE KEY-----\n  abc\n'],
    ['a password in an address', 'manifests: https://me:hunter22@example.com/x'],
  ])('refuses %s and does not repeat it', (_, text) => {
    const [problem = '', ...others] = problems(text);
    expect(others).toEqual([]);
    expect(problem).toMatch(/looks like a secret/);
    expect(problem).not.toMatch(/0123456789|BEGIN|hunter22/);
  });

  it.each([
    ['a list', '- nodes'],
    ['a text', 'nodes'],
    ['two of a key', 'nodes: 1\nnodes: 2'],
    ['YAML that is cut off', 'nodes: [1'],
    ['a bomb of aliases', 'nodes: &a [1, 2]\nmanifests: [*a, *a]'],
  ])('refuses %s in one sentence', (_, text) => {
    expect(problems(text)).toEqual([expect.stringMatching(/^\.github\/tpu-serving-gate\.yml [^\n]*\.$/)]);
  });

  it('may not give any input that is a secret', () => {
    expect(CONFIG_NAMES.filter((name) => /token|credential|password|secret/.test(name))).toEqual([
      // Lengths of prompts and answers.
      'prompt-tokens',
      'max-tokens',
    ]);
  });
});

describe('an input that is given', () => {
  const source = (given: Record<string, string>) => ({
    get: (name: string) => given[name],
    given: Object.keys(given),
    env: {},
  });
  const WHERE = { 'project-id': 'my-project', location: 'us-east5-b', cluster: 'mine' };
  const read = (given: Record<string, string>, config: Record<string, string>, filledIn = false) => {
    const parsed = parseInputs(withConfig(source(given), config, { filledIn }));
    return 'inputs' in parsed ? parsed.inputs : parsed.problems;
  };

  it('counts before the file, by any of its spellings', () => {
    expect(read({ ...WHERE, nodes: '2' }, { nodes: '5', 'max-nodes': '6' })).toMatchObject({ nodes: 2, maxNodes: 6 });
    expect(
      read({ project_id: 'my-project', location: 'us-east5-b', cluster_name: 'mine' }, { cluster: 'theirs' }),
    ).toMatchObject({ cluster: 'mine' });
  });

  it('counts with its parts where the file has the full name of a cluster, and the other way round', () => {
    const full = 'projects/other-project/locations/us-east5-a/clusters/theirs';
    expect(read({ cluster: 'mine' }, { cluster: full })).toMatchObject({ projectId: 'other-project', cluster: 'mine' });
    expect(read({ cluster: full }, WHERE)).toMatchObject({
      ...{ projectId: 'other-project', location: 'us-east5-a', cluster: 'theirs' },
    });
  });

  it('gives way where it is the default that a runner fills in', () => {
    expect(read({ ...WHERE, 'max-nodes': '8' }, { 'max-nodes': '4' }, true)).toMatchObject({ maxNodes: 4 });
    expect(read({ ...WHERE, 'max-nodes': '8' }, { 'max-nodes': '4' })).toMatchObject({ maxNodes: 8 });
  });

  it('chooses a pattern that ships with the gate before the stack of the file', () => {
    const stack = { manifests: 'deploy/stack', retire: 'deploy/old.yaml', nodes: '3' };
    expect(read({ ...WHERE, mode: 'deploy' }, stack)).toMatchObject({ manifests: 'deploy/stack', nodes: 3 });
    expect(read({ ...WHERE, mode: 'deploy', pattern: '1' }, stack)).toMatchObject({ manifests: '', retire: '' });
  });

  it('that is the rollback leads to Pattern 1, whatever stack the file names', () => {
    const stack = { manifests: 'deploy/stack', retire: 'deploy/old.yaml', nodes: '3', pattern: '3' };
    const rollback = { ...WHERE, mode: 'restore' };
    const shipped = { manifests: '', retire: '', pattern: 1, nodes: null, restores: true };
    expect(read(rollback, stack)).toMatchObject(shipped);
    expect(read({ ...rollback, 'dry-run': 'true' }, stack)).toMatchObject(shipped);
    expect(read({ ...rollback, manifests: 'deploy/small' }, stack)).toMatchObject({ manifests: 'deploy/small' });
  });

  it('is not troubled by what the file has for another mode', () => {
    const shared = { components: 'high-availability', 'expires-in': '4h' };
    for (const mode of ['validate', 'nightly', 'preflight', 'restore', 'auto', '']) {
      expect(read({ ...WHERE, mode }, shared)).toMatchObject({ components: [] });
    }
    const deploy = read({ ...WHERE, mode: 'deploy' }, shared);
    expect(deploy).toMatchObject({ components: ['high-availability'], keep: { expiresMs: 4 * 3_600_000 } });
    // A rollback stays until somebody ends it.
    expect(read({ ...WHERE, mode: 'restore' }, shared)).toMatchObject({ keep: { expiresMs: null } });
  });

  it('keeps an account of the file from being used with another provider', () => {
    const provider = 'projects/1/locations/global/workloadIdentityPools/p/providers/q';
    const env = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://x', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'y' };
    const given = { ...source({ ...WHERE, 'workload-identity-provider': provider }), env };
    expect(parseInputs(withConfig(given, { 'service-account': 'a@b' }, { filledIn: false }))).toMatchObject({
      inputs: { auth: { serviceAccount: null } },
    });
  });
});

describe('docs/config.schema.json', () => {
  const validate = new Ajv({ strict: false }).compile(
    JSON.parse(readFileSync(join(root, 'docs/config.schema.json'), 'utf8')) as object,
  );

  it.each(['nodes: 3\ngateway: a/b\nallowed-kinds: [A, B]\nquality: off', 'dns-endpoint: true', ''])(
    'takes %j',
    (text) => {
      expect(validate(parse(text) ?? {}), JSON.stringify(validate.errors)).toBe(true);
      expect(problems(text)).toEqual([]);
    },
  );

  it.each(['noddes: 3', 'github-token: x', 'mode: deploy', 'nodes: { a: 1 }', 'on-busy: maybe'])(
    'refuses %j',
    (text) => {
      expect(validate(parse(text))).toBe(false);
    },
  );

  it('takes the example of the quick start', () => {
    const [example = ''] = fences(readFileSync(join(root, 'docs/quickstart.md'), 'utf8'), 'yml');
    expect(validate(parse(example)), JSON.stringify(validate.errors)).toBe(true);
    expect(Object.keys(parse(example) as object).length).toBeGreaterThan(1);
    expect(problems(example)).toEqual([]);
    expect(example).toContain(`/v${VERSION}/docs/config.schema.json`);
  });

  it('has every input but those that the file may not give', () => {
    const names = INPUTS.map(([name]) => name);
    expect(CONFIG_NAMES.every((name) => names.includes(name))).toBe(true);
    expect(CONFIG_NAMES.length).toBeGreaterThan(40);
  });
});
