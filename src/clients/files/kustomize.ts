import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { errorText, Failure } from '../../lib/failure.ts';
import { type Ended, findProgram, runIsolated } from './isolated.ts';
import { copyTree } from './kustomize-tree.ts';
import { badManifest, labelOf } from './workspace-path.ts';

const LIMITS = { timeoutMs: 30_000, mostBytes: 8 * 1024 * 1024 };
/** kustomize's own limits: a file lies below its kustomization, and neither plugins nor helm run. */
const RESTRICTIONS = [
  '--load-restrictor=LoadRestrictionsRootOnly',
  '--enable-helm=false',
  '--enable-alpha-plugins=false',
];

/**
 * What `kubectl kustomize` makes of a folder below the root, as YAML. It sees a copy of what the folder leads to, and
 * neither a network nor another program nor a home. A kubectl that is missing or cannot be run is a Failure
 * (`kubectl-missing`), as is what leaves the root, and what kubectl refuses (`bad-manifest`).
 */
export async function renderKustomization(options: {
  root: string;
  folder: string;
  /** What only kubectl can do, for the text of the failure. */
  fields: readonly string[];
  path: string;
}): Promise<string> {
  const { root, folder, fields, path } = options;
  const work = await realpath(await mkdtemp(join(tmpdir(), 'kustomize-')));
  try {
    const tree = join(work, 'tree');
    const emptyFolder = join(work, 'empty');
    await Promise.all([mkdir(tree), mkdir(emptyFolder)]);
    await copyTree(root, folder, tree);
    const kubectl = await findProgram('kubectl', path);
    if (!kubectl) throw kubectlMissing(labelOf(root, folder), fields, 'there is none in the folders of PATH');
    const args = ['kustomize', join(tree, relative(root, folder)), ...RESTRICTIONS];
    const result = await runIsolated(kubectl, args, { cwd: tree, emptyFolder, path, ...LIMITS }).catch((error) => {
      throw kubectlMissing(labelOf(root, folder), fields, errorText(error), error);
    });
    return outputOf(result, labelOf(root, folder), tree);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function outputOf({ exitCode, ended, stdout, stderr }: Ended, shown: string, tree: string): string {
  if (ended === 'time') throw badManifest(`kubectl kustomize ${shown} took more than ${LIMITS.timeoutMs / 1000} s.`);
  if (ended === 'output') throw badManifest(`kubectl kustomize ${shown} wrote more than ${LIMITS.mostBytes} bytes.`);
  if (exitCode === 0) return stdout;
  const last = stderr.trim().split('\n').at(-1) ?? '';
  throw badManifest(`kubectl kustomize ${shown} failed: ${last.replaceAll(`${tree}/`, '')}`);
}

function kubectlMissing(shown: string, fields: readonly string[], reason: string, cause?: unknown): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'kubectl-missing',
    message: `${shown} uses ${fields.join(', ') || 'a component'}, which kubectl must render, and kubectl could not be run: ${reason}.`,
    hint: 'Install kubectl on the runner, or give a kustomization that only lists resources.',
    cause,
  });
}
