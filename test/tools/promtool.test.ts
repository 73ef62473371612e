import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Json, objectsBelow } from '../unit/manifests/files.ts';

/** What `promtool check rules` says of a file. */
function checkRules(content: object): { status: number | null; said: string } {
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  try {
    const file = join(folder, 'rules.json');
    writeFileSync(file, JSON.stringify(content));
    const { status, stdout, stderr } = spawnSync(process.env.PROMTOOL!, ['check', 'rules', file], { encoding: 'utf8' });
    return { status, said: stdout + stderr };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const [DASHBOARD] = objectsBelow('components/dashboard');

describe('promtool', () => {
  it.each(['monitoring', 'monitoring-operator', 'monitoring-gateway'])('takes the rules of %s', (component) => {
    const [rules] = objectsBelow(`components/${component}`).filter(({ kind }) => /Rule/.test(kind));
    const { status, said } = checkRules({ groups: rules.spec.groups });
    expect(status, said).toBe(0);
    expect(said).toContain(`SUCCESS: ${rules.spec.groups[0].rules.length} rules found`);
  });

  it('takes the expressions of every panel', () => {
    const { panels } = JSON.parse(DASHBOARD.data['tpu-serving.json']);
    const expressions: string[] = panels.flatMap(({ targets = [] }: Json) => targets.map(({ expr }: Json) => expr));
    const rules = expressions.map((expr, n) => ({
      record: `panel:${n}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }));
    const { status, said } = checkRules({ groups: [{ name: 'panels', rules }] });
    expect(status, said).toBe(0);
    expect(said).toContain(`SUCCESS: ${expressions.length} rules found`);
  });

  it('refuses what is no PromQL', () => {
    expect(checkRules({ groups: [{ name: 'g', rules: [{ record: 'r', expr: 'sum(' }] }] }).status).not.toBe(0);
  });
});
