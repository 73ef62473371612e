import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { leanClient, leanConfig, leanProtos } from './container.ts';
import { undiciFetch, undiciRequests } from './undici.ts';

/** A package of which the bundle carries a part: what is copied, and what stands in for a file of it. */
interface Lean {
  package: string;
  /** Relative paths of files to copy; anything else is left out, and ncc ends with an error where it is required. */
  keeps: RegExp;
  /** Text by relative path, instead of the package's own file. */
  writes?: Readonly<Record<string, string>>;
  /** New text of a file by relative path, from its own. */
  rewrites?: Readonly<Record<string, (text: string) => string>>;
  /** Whether another package carries a release of its own, which its modules need instead of this one. */
  hasOthers?: boolean;
}

/** Reports a use of what was left out, where it is used: such a use is a defect of this file. */
const leftOut = (name: string) =>
  `throw new Error('${name} is left out of dist/; scripts/build/lean.ts names what dist/ carries.');`;

/**
 * The generated parts of the clients that the gate does not use are two thirds of their size: 1,500 models and APIs of
 * Kubernetes, the static protobuf code of the Container API in two versions (the client reads the JSON beside it), and
 * gRPC with the protobuf code of services that other clients need. `src/` gets the whole packages; only `dist/` is lean.
 */
const LEAN: readonly Lean[] = [
  {
    package: '@kubernetes/client-node',
    keeps:
      /^package\.json$|^dist\/(?:config|config_types|portforward|web-socket-handler|middleware|polyfill|\w+_auth)\.js$|^dist\/gen\/(?:configuration|servers|middleware|rxjsStub|util)\.js$|^dist\/gen\/(?:http|auth)\/[\w-]+\.js$/,
    writes: {
      'dist/index.js': `import './polyfill.js';
export { KubeConfig } from './config.js';
export { PortForward } from './portforward.js';
export { HttpMethod, RequestContext } from './gen/index.js';
`,
      // The port-forward to a service or a deployment by name asks these two; the gate forwards to pods.
      'dist/gen/index.js': `export * from './http/http.js';
export * from './auth/auth.js';
export { createConfiguration } from './configuration.js';
export * from './servers.js';
export class CoreV1Api { constructor() { ${leftOut('CoreV1Api')} } }
export class AppsV1Api { constructor() { ${leftOut('AppsV1Api')} } }
`,
    },
  },
  {
    package: '@actions/core',
    keeps: /^package\.json$|^lib\/[\w-]+\.js$/,
    writes: {
      // The gate asks for an identity token itself; this class loads an HTTP client of its own.
      'lib/oidc-utils.js': `export class OidcClient { static getIDToken() { ${leftOut('getIDToken')} } }\n`,
    },
  },
  {
    package: '@google-cloud/container',
    keeps: /^package\.json$|^build\/protos\/protos\.json$|^build\/src\/v1\/[\w.]+\.js(?:on)?$/,
    writes: {
      'build/src/index.js': "exports.ClusterManagerClient = require('./v1').ClusterManagerClient;\n",
    },
    rewrites: {
      'build/protos/protos.json': leanProtos,
      'build/src/v1/cluster_manager_client.js': leanClient,
      'build/src/v1/cluster_manager_client_config.json': leanConfig,
    },
  },
  {
    package: 'google-gax',
    keeps: /^package\.json$|^build\/src\/(?!index\.js$|grpc\.js$).+\.js(?:on)?$|^build\/protos\/\w+\.json$/,
    writes: {
      // What the client of the Container API takes of it when it speaks REST.
      'build/src/index.js': `exports.fallback = require('./fallback');
exports.loggingUtils = require('google-logging-utils');
exports.decodeAnyProtosInArray = require('./util').decodeAnyProtosInArray;
`,
      // Loaded by the fallback for clients of other services.
      ...Object.fromEntries(
        ['iam_service', 'locations', 'operations'].flatMap((name) => [
          [`build/protos/${name}.js`, 'module.exports = {};\n'],
          [`build/protos/${name}.json`, '{}\n'],
        ]),
      ),
    },
  },
  {
    package: 'undici',
    keeps: /^package\.json$|^lib\/.+\.js$/,
    rewrites: { 'index.js': undiciRequests },
    hasOthers: true,
  },
  {
    package: '@actions/github',
    keeps: /^LICENSE\.md$|^(?:node_modules\/(?:undici|@actions\/http-client)\/)?(?:package\.json$|lib\/.+\.js$)/,
    rewrites: { 'node_modules/undici/index.js': undiciFetch },
  },
];

/** Packages of which `writeLean` writes a copy that every importer may have. */
export const LEAN_PACKAGES: readonly string[] = LEAN.filter(({ hasOthers }) => !hasOthers).map(
  ({ package: name }) => name,
);

/**
 * Writes lean copies below `compiled`/node_modules, where modules of `compiled` are resolved first. Their own
 * dependencies are resolved in the folder above. Throws when a package lacks a file that is rewritten or replaced: a new
 * release moved it.
 */
export async function writeLean(root: string, compiled: string): Promise<void> {
  await rm(join(compiled, 'node_modules'), { recursive: true, force: true });
  for (const { package: name, keeps, writes = {}, rewrites = {} } of LEAN) {
    const from = join(root, 'node_modules', name);
    const to = join(compiled, 'node_modules', name);
    const relative = (path: string) => path.slice(from.length + 1).replaceAll('\\', '/');
    await cp(from, to, {
      recursive: true,
      filter: (path) => path === from || !/\.\w+$/.test(relative(path)) || keeps.test(relative(path)),
    });
    for (const [path, text] of Object.entries(writes)) {
      await readFile(join(from, path));
      await mkdir(dirname(join(to, path)), { recursive: true });
      await writeFile(join(to, path), text);
    }
    for (const [path, rewrite] of Object.entries(rewrites)) {
      await writeFile(join(to, path), rewrite(await readFile(join(from, path), 'utf8')));
    }
  }
}
