import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STAGES } from '../../src/report/wording.ts';
import { fences, pages } from './fences.ts';
import { root } from './root.ts';

const DIAGRAMS = (await pages()).flatMap(([name, text]) =>
  fences(text, 'mermaid').map((diagram): [string, string] => [name, diagram]),
);
const [RUN = '', ROOMS = ''] = DIAGRAMS.filter(([name]) => name === 'docs/architecture.md').map(([, text]) => text);

/** The arrows of a flowchart, `a --> b & c` and `a --> b --> c` among them. Labels are left out. */
function arrowsIn(diagram: string): [from: string, to: string][] {
  return diagram
    .replaceAll(/\["[^"]*"\]|\(\[[^\]]*\]\)/g, '')
    .split('\n')
    .filter((line) => line.includes('-->'))
    .flatMap((line) => {
      const steps = line.split('-->').map((step) => step.split('&').map((name) => name.trim()));
      return steps
        .slice(1)
        .flatMap((to, index) =>
          (steps[index] ?? []).flatMap((from) => to.map((each): [string, string] => [from, each])),
        );
    });
}

/** Rooms of `src/` that the files of a room, or the entrypoints, import. */
function importsOf(room: string): Set<string> {
  const isTop = room === 'entrypoints';
  const folder = join(root, 'src', isTop ? '' : room);
  const files = readdirSync(folder, { recursive: !isTop, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const found = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(/(?:from|import\()\s*'(?:\.\.?\/)+(\w+)\//g)].map(
      ([, name = '']) => name,
    ),
  );
  return new Set(found);
}

describe('docs/architecture.md', () => {
  it('has the stages of one run in their order', () => {
    const drawn = arrowsIn(RUN).flat();
    const stages = STAGES.filter((stage) => stage !== 'release');
    expect([...new Set(drawn)].filter((name) => (stages as string[]).includes(name))).toEqual(stages);
    expect(RUN).toContain('post step: release');
  });

  it('has arrows between rooms that import each other', () => {
    const arrows = arrowsIn(ROOMS);
    expect(arrows.length).toBeGreaterThan(10);
    expect(arrows.filter(([from, to]) => !importsOf(from).has(to))).toEqual([]);
  });
});
