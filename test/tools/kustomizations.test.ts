import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type Json, MANIFESTS, pattern, ROOT } from '../unit/manifests/files.ts';

function render(folder: string): Json[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', folder], { encoding: 'utf8' });
  expect(status, stderr).toBe(0);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const identity = (object: Json) => `${object.kind} ${object.metadata.namespace ?? '-'}/${object.metadata.name}`;

describe('kubectl kustomize', () => {
  it.each(['pattern1', 'pattern3'] as const)('renders %s to what reading the list gives', (name) => {
    const rendered = render(join(MANIFESTS, name));
    expect(rendered).toHaveLength(5);
    expect(rendered.map(identity).sort()).toEqual(pattern(name).map(identity).sort());
    for (const object of pattern(name)) expect(rendered).toContainEqual(object);
  });

  it('renders both patterns with all components, without a name twice', () => {
    const names = render(join(ROOT, 'test/unit/manifests/fixtures/overlay')).map(identity);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toHaveLength(5 + 5 + 1 + 1 + 6);
    expect(names).toContain('NetworkPolicy -/default-deny');
    expect(names).toContain('EnvoyFilter opendatahub/inference-pool-ext-proc-pattern3');
  });

  it.each(readdirSync(join(MANIFESTS, 'components')))('renders %s over a service of any name', (component) => {
    const folder = realpathSync(mkdtempSync(join(tmpdir(), 'overlay-')));
    try {
      const [service] = pattern('pattern3');
      const own = { ...service, metadata: { name: 'mine' } };
      const way = relative(folder, join(MANIFESTS, 'components', component));
      writeFileSync(join(folder, 'service.json'), JSON.stringify(own));
      writeFileSync(join(folder, 'kustomization.yaml'), `resources: [service.json]\ncomponents: ["${way}"]\n`);
      const rendered = render(folder);
      expect(rendered.length).toBeGreaterThan(0);
      expect(JSON.stringify(rendered)).not.toMatch(/"any(?:-kserve)?"/);
      for (const { kind, spec } of rendered) {
        if (kind === 'HorizontalPodAutoscaler' || kind === 'ScaledObject') {
          expect(spec.scaleTargetRef.name).toBe('mine-kserve');
        }
        if (kind === 'LLMInferenceService')
          expect(spec.replicas).toBe(component.startsWith('autoscaling') ? undefined : 3);
        if (kind === 'LLMInferenceService' && component === 'high-availability') {
          const spread = spec.template.topologySpreadConstraints;
          expect(spread.map(({ labelSelector }: Json) => labelSelector.matchLabels['app.kubernetes.io/name'])).toEqual([
            'mine',
            'mine',
          ]);
        }
        const name = spec?.selector?.matchLabels?.['app.kubernetes.io/name'];
        if (name !== undefined) expect(name).toBe('mine');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
