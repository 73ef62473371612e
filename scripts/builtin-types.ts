/**
 * Writes lab/kube/builtin-types.ts from a real API server, which it starts and stops, and from Kubernetes' Go source:
 *
 *   KUBEBUILDER_ASSETS="$(scripts/kube-assets)" npm run generate:types
 *
 * test/cluster/builtin-types.test.ts fails when the file is not what this writes.
 */
import { writeFile } from 'node:fs/promises';
import { startApiServer } from '../lab/apiserver/api-server.ts';
import { generateBuiltinTypes } from './builtin-types/generate.ts';

const kube = await startApiServer();
try {
  const { file } = await generateBuiltinTypes(kube);
  if ('missing' in file) throw new Error(`The field numbers are in Go modules. ${file.missing}`);
  await writeFile(new URL('../lab/kube/builtin-types.ts', import.meta.url), file.text);
} finally {
  await kube.stop();
}
