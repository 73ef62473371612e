import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './root.ts';

interface LockedPackage {
  version?: string;
  resolved?: string;
  /** A folder of this repository. */
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}

interface Manifest {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
}

const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, LockedPackage>;
};
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Manifest;
const lab = JSON.parse(await readFile(join(root, 'lab/package.json'), 'utf8')) as Manifest;

describe('package-lock.json', () => {
  it('has the packages of every platform, not only of the one where it was written', () => {
    const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies }]) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !(`${path}/node_modules/${name}` in lock.packages) && !(`node_modules/${name}` in lock.packages),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry', () => {
    expect(Object.values(lock.packages).filter(({ resolved, link }) => resolved !== undefined && !link)).toEqual([]);
  });

  it.each([
    ['package.json', manifest],
    ['lab/package.json', lab],
  ])('locks what %s asks for, exactly', (_, { dependencies, devDependencies }) => {
    const wanted = { ...dependencies, ...devDependencies };
    const locked = Object.keys(wanted).map((name) => [name, lock.packages[`node_modules/${name}`]?.version]);
    expect(Object.fromEntries(locked)).toEqual(wanted);
  });

  it('lets only the installation of Node run a script', () => {
    const allowed = Object.entries(manifest.allowScripts).filter(([, allow]) => allow);
    expect(allowed).toEqual([['node', true]]);
  });
});
