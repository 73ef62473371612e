import { join } from 'node:path';
import { Failure } from '../../lib/failure.ts';
import { readText } from './write.ts';

/** The program of the load clients in the cluster, as it was built. Throws a Failure where it is not there. */
export async function readLoadScript(packageRoot: string): Promise<string> {
  const file = join(packageRoot, 'dist', 'load.js');
  const script = await readText(file);
  if (script) return script;
  throw new Failure({
    stage: 'preflight',
    code: 'no-load-script',
    message: `${file} is missing, which the load clients in the cluster run.`,
    hint: 'Run "npm run build"; it is part of dist/.',
  });
}
