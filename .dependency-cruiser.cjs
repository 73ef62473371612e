/**
 * The architecture as rules: what a room of src/ may import. `npm run check` holds them;
 * test/checks/architecture.test.ts plants a violation of every rule and demands that it is found.
 */

const ENTRYPOINTS = '^src/(main|post|sweep|cli|bundle)\\.ts$';

/** The report's types are vocabulary that every room may speak. */
const MODEL = '^src/report/model\\.ts$';

/** Where the world may be touched. */
const EDGE = ['^src/clients/', '^src/lab/', ENTRYPOINTS];

const NODE_IO =
  '^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|readline|repl|tls|worker_threads)(/|$)';

const NODE_PURE = '^(node:)?(assert|buffer|crypto|events|path|timers|url|util)(/|$)';

const UNDICI = '(^|node_modules/)undici(/|$)';

/** Packages that talk to somebody. `@actions/core` has a stricter rule of its own. */
const CLIENT_PACKAGES =
  '(^|node_modules/)(@actions/(?!core)|@google-cloud/|@grpc/|@kubernetes/|@octokit/|gaxios|google-auth-library|google-gax|ws)(/|$|[a-z])';

const TYPES = { dependencyTypes: ['type-only'] };
const VALUES = { dependencyTypesNot: ['type-only'] };

/** A room imports, of src/, itself, what `imports` names and the model; `types` are further rooms that it may name types of. */
function room(name, { files = `^src/${name}/`, imports = [], types = [] }) {
  const inside = [files, MODEL, ...imports];
  return [
    {
      name: `${name}-imports`,
      severity: 'error',
      from: { path: files },
      to: { path: '^src/', pathNot: inside, ...VALUES },
    },
    {
      name: `${name}-types`,
      severity: 'error',
      from: { path: files },
      to: { path: '^src/', pathNot: [...inside, ...types], ...TYPES },
    },
  ];
}

const rooms = (...names) => names.map((name) => `^src/${name}/`);

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    // One way: entrypoints → pipeline → stages → clients, load, verdict, diagnosis → lib.
    ...room('lib', {}),
    ...room('clients', { imports: rooms('lib'), types: ['^src/inputs\\.ts$'] }),
    ...room('verdict', { imports: rooms('lib') }),
    // What measures may use the statistics, which are pure; never the other way round.
    ...room('load', { imports: rooms('verdict', 'lib') }),
    ...room('diagnosis', { imports: rooms('lib'), types: rooms('clients') }),
    ...room('report', { imports: rooms('lib') }),
    ...room('history', { imports: rooms('lib') }),
    // The page draws what the history says, with the report's words.
    ...room('page', { imports: rooms('history', 'report', 'lib') }),
    ...room('progress', { imports: rooms('report', 'lib'), types: rooms('clients') }),
    ...room('stages', {
      imports: rooms('clients', 'load', 'verdict', 'diagnosis', 'progress', 'lib'),
      types: ['^src/inputs\\.ts$'],
    }),
    ...room('inputs', { files: '^src/inputs?(-fields|-other)?\\.ts$', imports: rooms('lib') }),
    // The lab speaks the protocols; it shares nothing with the product that it is there to try.
    ...room('lab', { imports: rooms('lib') }),
    {
      name: 'lab-is-for-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/lab/', '^src/cli\\.ts$'] },
      to: { path: '^src/lab/' },
    },
    {
      name: 'nothing-imports-entrypoints',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bundle\\.ts$' },
      to: { path: ENTRYPOINTS },
    },
    {
      name: 'src-stands-alone',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|dist|build)/' },
    },

    // The world is at the edge.
    {
      name: 'io-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: EDGE },
      to: { path: NODE_IO },
    },
    {
      name: 'client-packages-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: EDGE },
      to: { path: CLIENT_PACKAGES, ...VALUES },
    },
    {
      name: 'http-at-the-edge',
      comment: 'The load generator keeps its own connections and time.',
      severity: 'error',
      from: { path: '^src/', pathNot: [...EDGE, '^src/load/'] },
      to: { path: UNDICI, ...VALUES },
    },
    {
      name: 'one-door-to-the-runner',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/clients/actions\\.ts$' },
      to: { path: '(^|node_modules/)@actions/core(/|$)' },
    },
    {
      name: 'pure-rooms',
      comment: 'Values in, values out.',
      severity: 'error',
      from: { path: rooms('verdict', 'report', 'history', 'page', 'lib') },
      to: { dependencyTypes: ['core'], pathNot: NODE_PURE },
    },

    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-dead-files',
      comment: 'What a browser runs has a beginning of its own.',
      severity: 'error',
      from: { path: ENTRYPOINTS },
      to: { path: '^src/.*\\.ts$', pathNot: [ENTRYPOINTS, '^src/history/page/client/'], reachable: false },
    },
  ],
  options: {
    // TypeScript 7 has no JavaScript interface; without this the tool reads no TypeScript and only warns.
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
  },
};
