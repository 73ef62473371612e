import { existsSync, globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { withInputs } from '../../scripts/docs/action-inputs.ts';
import {
  causeSections,
  causesTable,
  inputsTables,
  modeInputsTable,
  outputsTable,
  replaceBetween,
  scenariosTable,
} from '../../scripts/docs/tables.ts';
import { RULES } from '../../src/diagnosis/rules/table.ts';
import { CAUSES } from '../../src/lib/causes.ts';
import { anchorOf, CAUSES_PAGE, causeAddress, EXAMPLES, UPSTREAM_RULES } from '../../src/lib/gate-files.ts';
import { root } from './root.ts';

describe('the tables of README.md', () => {
  it('show name, default, meaning and modes of every input, below the heading of its section', () => {
    const inputs = {
      pairs: { description: 'From the first look\nto the last.\n', default: '6-15' },
      comment: { description: '`on` | `off`.', default: '' },
    };
    const sections = [
      { title: 'Load', names: ['pairs'] },
      { title: 'Report', names: ['comment'] },
    ];
    expect(inputsTables({ inputs }, sections, (name) => (name === 'pairs' ? '`nightly`' : 'every run'))).toBe(
      [
        ...['### Load', '', '| Input | Default | Meaning | Modes |', '| --- | --- | --- | --- |'],
        ...['| `pairs` | `6-15` | From the first look to the last. | `nightly` |', ''],
        ...['### Report', '', '| Input | Default | Meaning | Modes |', '| --- | --- | --- | --- |'],
        '| `comment` |  | `on` \\| `off`. | every run |',
      ].join('\n'),
    );
  });

  it('show for each mode the sections that it takes most of, and the names of other inputs', () => {
    const most = [{ title: 'Time and cost', without: ['timeout'] }];
    const rows = [{ mode: 'deploy' as const, most, single: ['manifests', 'nodes'] }];
    expect(modeInputsTable(rows).split('\n')[2]).toBe(
      '| `deploy` | [Time and cost](#time-and-cost) without `timeout` | `manifests`, `nodes` |',
    );
  });

  it('show how every scenario ends', () => {
    const expected = { exitCode: 2, verdict: 'error', cause: 'gke.stockout' };
    expect(scenariosTable([{ name: 'stockout', summary: 'no capacity', expect: expected }])).toContain(
      '| `stockout` | no capacity | error | `gke.stockout` | 2 |',
    );
  });

  it('cannot be made with a description missing', () => {
    expect(() =>
      inputsTables(
        { inputs: { nodes: { default: '3' }, pairs: { description: ' ' }, ok: { description: 'x' } } },
        [],
        () => '',
      ),
    ).toThrow('action.yml: no description for input "nodes", "pairs".');
    expect(() => outputsTable({ outputs: { verdict: null } })).toThrow('no description for output "verdict"');
  });
});

describe('the page of causes', () => {
  const cause = { cause: 'a.b', title: 'A', owners: ['change', 'cluster'], looksLike: 'x', remedy: '' };
  const rows = [cause, { ...cause, remedy: 'kubectl get b' }, { ...cause, cause: 'a.c', remedy: 'Run <again>.' }];

  it('has each once, by the rule that says what to do', () => {
    expect(causesTable(rows).split('\n').slice(2)).toEqual([
      '| [`a.b`](#ab) | A | change or cluster |',
      '| [`a.c`](#ac) | A | change or cluster |',
    ]);
    expect(causeSections(rows)).toBe(
      [
        ...['### `a.b`', '', 'A. Who acts: change or cluster.', ''],
        ...['- **Looks like:** x', '- **To do:** kubectl get b', ''],
        ...['### `a.c`', '', 'A. Who acts: change or cluster.', ''],
        ...['- **Looks like:** x', '- **To do:** Run &lt;again>.'],
      ].join('\n'),
    );
  });

  it('cannot be made while nobody knows what to do about a cause', () => {
    expect(() => causesTable([cause])).toThrow('no remedy for a.b');
  });

  it('has the place that a comment links to, for every cause and for none', async () => {
    const anchors = anchorsOf(await readFile(join(root, CAUSES_PAGE), 'utf8'));
    const source = { server: 'https://github.com', repository: 'o/r', ref: 'v1' };
    const causes = ['unknown.what', ...Object.keys(CAUSES), ...RULES.map((rule) => rule.cause)];
    const dead = causes.filter((one) => !anchors.includes(causeAddress(one, source).split('#')[1]!));
    expect(dead).toEqual([]);
    expect(anchors.filter((anchor, index) => anchors.indexOf(anchor) !== index)).toEqual([]);
  });
});

describe('what remedies name', () => {
  const sources = globSync('**/*.ts', { cwd: join(root, 'src') }).map((file) => ({
    file,
    // Comments and imports are no texts for a user.
    text: readFileSync(join(root, 'src', file), 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\//g, '')
      .replaceAll(/^\s*(?:\/\/|import\b).*$/gm, ''),
  }));

  it('is no path of the repository of the gate, which a user does not have', () => {
    const own =
      /(?<![\w./$:}-])(?:docs|manifests|rbac|components|networkpolicies|scripts|lab|test|sweep|\.github)\/[\w$]/g;
    const found = sources.flatMap(({ file, text }) => {
      const rest = text.replaceAll(/gateFile\((['`]).*?\1\)/g, '');
      return [...rest.matchAll(own)].map(({ index }) => `${file}: ${rest.slice(index, index + 40)}`);
    });
    // The page of causes, which is linked with its address, and the manifests that ship with the gate, which it reads itself.
    // The lab runs in a checkout of the gate alone.
    const known = [
      /^lib\/gate-files\.ts: docs\//,
      /^lib\/gate-files\.ts: manifests\/components\//,
      /^clients\/files\/components\.ts: components\//,
      /^commands\/definitions\/lab\.ts: scripts\//,
      /^stages\/preflight\/workspace\.ts: manifests\/pattern/,
      // What a user's own repository has, since `init` writes it there.
      /^(?:inputs\/config-rules|commands\/definitions\/(?:init|doctor|run))\.ts: \.github\/tpu-serving-gate\.yml/,
      /^(?:init|doctor)\/\w+\.ts: (?:\.github\/(?:workflows|tpu-serving-gate\.yml)|manifests\/pattern3)/,
      // Its address is made of it.
      /^init\/files\.ts: docs\/config\.schema\.json', \{/,
    ];
    expect(found.filter((one) => !known.some((pattern) => pattern.test(one)))).toEqual([]);
  });

  it('as a file of the gate exists', () => {
    const named = sources.flatMap(({ text }) => [...text.matchAll(/gateFile\('([^']+)'\)/g)].map(([, path]) => path!));
    expect(named.length).toBeGreaterThan(4);
    const roles = ['serving', 'lease', 'gateway', 'nodes', 'evidence', 'load', 'read-only/roles'].map(
      (role) => `manifests/rbac/${role}.yaml`,
    );
    const policies = ['allow-istio', 'allow-gateway-to-epp', 'allow-vllm-egress', 'allow-gateway-to-vllm'].map(
      (name) => `manifests/pattern3/networkpolicies/${name}.yaml`,
    );
    expect([...named, ...roles, ...policies, UPSTREAM_RULES].filter((path) => !existsSync(join(root, path)))).toEqual(
      [],
    );
  });

  it('as an example to be replaced stands in the roles', () => {
    const text = (role: string) => readFileSync(join(root, `manifests/rbac/${role}.yaml`), 'utf8');
    for (const role of ['serving', 'lease', 'gateway', 'nodes', 'evidence'])
      expect(text(role)).toContain(EXAMPLES.identity);
    expect(text('read-only/roles')).toContain(EXAMPLES.readingIdentity);
    expect(text('serving')).toContain(`namespace: ${EXAMPLES.namespace}\n`);
    expect(text('lease')).toContain(`namespace: ${EXAMPLES.leaseNamespace}\n`);
    expect(text('gateway')).toContain(`namespace: ${EXAMPLES.gatewayNamespace}\n`);
  });
});

it('links between the pages lead somewhere', async () => {
  const pages = [...globSync('*.md', { cwd: root }), ...globSync('docs/*.md', { cwd: root }), 'manifests/README.md'];
  const dead: string[] = [];
  for (const page of pages) {
    const text = (await readFile(join(root, page), 'utf8')).replaceAll(/^```[\s\S]*?^```/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\((?![a-z]+:)([^)\s]+)\)/g)) {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? page : join(dirname(page), path);
      const there = existsSync(join(root, file));
      const anchors = there && anchor !== undefined ? anchorsOf(await readFile(join(root, file), 'utf8')) : [];
      if (!there || (anchor !== undefined && !anchors.includes(anchor))) dead.push(`${page}: ${target}`);
    }
  }
  expect(dead).toEqual([]);
});

/** The anchors of a page's headings. */
function anchorsOf(text: string): string[] {
  return [...text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) =>
    anchorOf(heading),
  );
}

describe('replaceBetween', () => {
  it('replaces what stands between the markers and nothing else', () => {
    const once = replaceBetween('a\n<!-- t -->\nold\n<!-- /t -->\nb\n', 't', 'new', 'README.md');
    expect(once).toBe('a\n<!-- t -->\n\nnew\n\n<!-- /t -->\nb\n');
    expect(replaceBetween(once, 't', 'new', 'README.md')).toBe(once);
  });

  it.each(['no markers', '<!-- t --> open', '<!-- /t --> <!-- t -->', '<!-- t --><!-- /t --><!-- t --><!-- /t -->'])(
    'refuses "%s"',
    (text) => {
      expect(() => replaceBetween(text, 't', 'new', 'README.md')).toThrow('<!-- t --> and <!-- /t --> exactly once');
    },
  );
});

describe.each(['CONTRIBUTING.md', 'docs/architecture.md', 'README.md'])('%s', (page) => {
  it('names only files and folders that exist', async () => {
    const text = await readFile(join(root, page), 'utf8');
    const named = [...text.matchAll(/`((?:src|lab|test|scripts|docs|manifests)\/[\w./-]*)`/g)].map(([, path]) => path!);
    const missing = named.filter((path) => !existsSync(join(root, path)));
    expect(missing).toEqual([]);
  });
});

it('CONTRIBUTING.md says where to change what people ask most about', async () => {
  const text = await readFile(join(root, 'CONTRIBUTING.md'), 'utf8');
  const rows = [...text.matchAll(/^\| ([^|]+?) \| .*`(?:src|lab)\//gm)].map(([, question]) => question);
  expect(rows).toEqual([
    'an input',
    'a preflight check',
    'support for a KServe version',
    'a row in the comment',
    'a cause',
    'the stop rule',
    'a TPU family',
    'an output format',
    'a lab fault',
    'a mode',
  ]);
});
describe('withInputs', () => {
  const FILE = [
    'name: x',
    '',
    'inputs:',
    '  # Where',
    '  pool:',
    '    description: >-',
    '      The pool,',
    '      by name.',
    '  pairs:',
    '    description: How many.',
    "    default: '6'",
    '',
    '  # Other',
    '  gone:',
    '    description: Nobody reads it.',
    '',
    'outputs:',
    '  verdict:',
    '    description: The verdict.',
    '',
  ].join('\n');
  const pool = { description: 'The pool, by name.' };
  const pairs = { description: 'How many.', default: '6' };
  const gone = { description: 'Nobody reads it.' };

  it('leaves a file alone that states every input', () => {
    expect(withInputs(FILE, { pairs, pool, gone })).toBe(FILE);
  });

  it('writes again what is stated wrongly, and nothing else', () => {
    const description = 'How many: a whole number.';
    expect(withInputs(FILE, { pool, pairs: { description, default: '7' }, gone })).toBe(
      FILE.replace('description: How many.', 'description: "How many: a whole number."').replace("'6'", '"7"'),
    );
    expect(withInputs(FILE, { pool, pairs: { description: 'How many.' }, gone })).toBe(
      FILE.replace("    default: '6'\n", ''),
    );
  });

  it('adds an input behind the one before it in the table, and removes one that is gone', () => {
    const text = withInputs(FILE, { pool, more: { description: 'More.' }, pairs });
    expect(text).not.toContain('gone:');
    expect(text).toContain('      by name.\n  more:\n    description: More.\n  pairs:\n');
    const first = withInputs(FILE, { more: { description: 'More.' }, pool, pairs, gone });
    expect(first).toContain('inputs:\n  more:\n    description: More.\n  # Where\n');
  });

  it('refuses a file without inputs', () => {
    expect(() => withInputs('name: x\n', { pool })).toThrow('needs a section "inputs"');
  });
});
