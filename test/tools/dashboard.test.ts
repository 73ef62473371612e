import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { type Json, objectsBelow } from '../unit/manifests/files.ts';

const [CONFIG_MAP] = objectsBelow('components/dashboard');
const dashboard = (): Json => JSON.parse(CONFIG_MAP.data['tpu-serving.json']);

/** What Grafana's own types make of a dashboard. */
function check(given: Json): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.env.DASHBOARD_CHECK!, {
    ...{ input: JSON.stringify(given), encoding: 'utf8' },
  });
  return { status, said: stdout + stderr };
}

describe("Grafana's types", () => {
  it('take the dashboard', () => {
    const given = dashboard();
    const { status, said } = check(given);
    expect(status, said).toBe(0);
    expect(said).toContain(`${given.panels.length} panels`);
  });

  it.each<[string, (given: Json) => void]>([
    ['a field of a panel that there is not', ({ panels }) => Object.assign(panels[1], { titel: 'x' })],
    ['an option of a panel that there is not', ({ panels }) => Object.assign(panels[1].options, { colour: 'x' })],
    ['a target without its language', ({ panels }) => Object.assign(panels[1].targets[0], { expression: 'x' })],
    ['a place that is no place', ({ panels }) => Object.assign(panels[1].gridPos, { w: 'wide' })],
  ])('refuse %s', (_, change) => {
    const given = dashboard();
    change(given);
    const { status, said } = check(given);
    expect(status, said).toBe(1);
  });
});
