import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

/** A ConfigMap holds 1 MiB, with the user's prompts beside the program. */
const MOST_BYTES = 900 * 1_024;

/** The program of a load client in the cluster: one file that a stock Node image runs. Throws where it has become too large. */
export async function loadScript(root: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src', 'shard.ts')],
    absWorkingDir: root,
    bundle: true,
    write: false,
    minifyWhitespace: true,
    minifySyntax: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    legalComments: 'none',
    tsconfigRaw: {},
    plugins: [leanUndici(join(root, 'node_modules', 'undici'))],
  });
  const [{ text = '' } = {}] = outputFiles;
  const bytes = Buffer.byteLength(text);
  if (bytes > MOST_BYTES) throw new Error(`dist/load.js has ${bytes} bytes, and ${MOST_BYTES} are the most.`);
  return text;
}

/** The client of undici alone: fetch, mocks, caches and WebSockets are two thirds of the package. */
function leanUndici(folder: string): Plugin {
  return {
    name: 'lean-undici',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: 'lean' }));
      onLoad({ filter: /.*/, namespace: 'lean' }, () => ({
        resolveDir: folder,
        contents: `const Client = require('./lib/dispatcher/client.js');
Client.prototype.request = require('./lib/api/api-request.js');
module.exports = {
  Client,
  buildConnector: require('./lib/core/connect.js'),
  errors: require('./lib/core/errors.js'),
};`,
      }));
    },
  };
}
