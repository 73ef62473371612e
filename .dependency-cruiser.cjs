/**
 * The architecture as rules: what a room of src/ may import. `npm run check` holds them;
 * test/checks/architecture.test.ts plants a violation of every rule and demands that it is found.
 */

const ENTRYPOINTS = '^src/(main|post|sweep|cli|bundle|shard)\\.ts$';

/** The report's types are vocabulary that every room may use. */
const MODEL = '^src/report/(model|facts)(\\.ts|/)';

/** Where the world may be touched. */
const EDGE = ['^src/clients/', '^src/shard/', ENTRYPOINTS];

const NODE_IO =
  '^(node:)?(child_process|cluster|dgram|dns|fs|http|http2|https|inspector|net|readline|repl|tls|worker_threads)(/|$)';

/** The load generator keeps its own connections, and a server in a thread to measure itself against. */
const LOAD_IO = '^(node:)?(net|tls|worker_threads)$';

const NODE_PURE = '^(node:)?(assert|buffer|crypto|events|path|timers|url|util)(/|$)';

const UNDICI = '(^|node_modules/)undici(/|$)';

/** Packages that talk to somebody. `@actions/core` has a stricter rule of its own. */
const CLIENT_PACKAGES =
  '(^|node_modules/)(@actions/(?!core)|@google-cloud/|@grpc/|@kubernetes/|@octokit/|gaxios|google-auth-library|google-gax|ws)(/|$|[a-z])';

const TYPES = { dependencyTypes: ['type-only'] };
const VALUES = { dependencyTypesNot: ['type-only'] };

/**
 * The rooms of src/, and what of src/ each may import besides itself and the model: `imports` in full, `types` as types
 * only. Imports point one way: entrypoints → modes, commands → pipeline → stages → stack, clients, load, verdict,
 * diagnosis → tpu, lib.
 */
const ROOMS = {
  lib: {},
  inputs: { imports: ['lib'] },
  tpu: { imports: ['lib'], types: ['clients'] },
  clients: { imports: ['lib'], types: ['inputs', 'quality'] },
  verdict: { imports: ['tpu', 'lib'] },
  // What measures may use the statistics, which are pure; never the other way round.
  load: { imports: ['verdict', 'lib'] },
  // Tasks and their right answers: values in, values out, drawn as the prompts are.
  quality: { imports: ['load', 'lib'] },
  // A process of its own, in a pod: it asks the API server by itself.
  shard: { imports: ['load', 'lib'] },
  stack: { imports: ['clients', 'tpu', 'lib'], types: ['inputs'] },
  diagnosis: {
    imports: ['stack', 'tpu', 'lib'],
    // The tables of what refusals mean are data, and say what to do about each.
    files: ['^src/clients/[a-z]+/(?:token-)?refusals\\.ts$'],
    types: ['clients'],
  },
  report: { imports: ['tpu', 'lib'] },
  history: { imports: ['report', 'lib'] },
  progress: { imports: ['report', 'lib'], types: ['clients'] },
  stages: {
    imports: ['stack', 'clients', 'load', 'quality', 'verdict', 'diagnosis', 'progress', 'tpu', 'lib'],
    // A result of an earlier run is decoded by the report's own parser.
    files: ['^src/report/parse\\.ts$'],
    types: ['inputs'],
  },
  publish: { imports: ['clients', 'history', 'report', 'load', 'progress', 'lib'], types: ['inputs', 'stages'] },
  pipeline: {
    imports: [
      'stages',
      'inputs',
      'stack',
      'clients',
      'load',
      'verdict',
      'diagnosis',
      'publish',
      'report',
      'progress',
      'tpu',
      'lib',
    ],
  },
  modes: {
    imports: ['pipeline', 'stages', 'publish', 'history', 'report', 'clients', 'verdict', 'inputs', 'progress', 'lib'],
  },
  // Sets a repository up, and checks what was set up: before and beside every run.
  init: { imports: ['pipeline', 'stages', 'stack', 'clients', 'inputs', 'tpu', 'lib'] },
  doctor: { imports: ['init', 'pipeline', 'stages', 'stack', 'clients', 'inputs', 'tpu', 'lib'] },
  commands: {
    imports: [
      'init',
      'doctor',
      'modes',
      'pipeline',
      'stages',
      'publish',
      'history',
      'report',
      'clients',
      'verdict',
      'inputs',
      'progress',
      'lib',
    ],
  },
};

const path = (room) => `^src/${room}/`;
const paths = (...names) => names.map(path);

/** A file that no room and no list of entrypoints holds would be bound by no rule. */
const HELD = [ENTRYPOINTS, ...Object.keys(ROOMS).map(path)];

function roomRules([name, { imports = [], files = [], types = [] }]) {
  const inside = [path(name), MODEL, ...paths(...imports), ...files];
  return [
    {
      name: `${name}-imports`,
      severity: 'error',
      from: { path: path(name) },
      to: { path: '^src/', pathNot: inside, ...VALUES },
    },
    {
      name: `${name}-types`,
      severity: 'error',
      from: { path: path(name) },
      to: { path: '^src/', pathNot: [...inside, ...paths(...types)], ...TYPES },
    },
  ];
}

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    ...Object.entries(ROOMS).flatMap(roomRules),
    {
      name: 'imports-without-a-room',
      comment: 'Every file of src/ is in a room; only entrypoints lie at the top.',
      severity: 'error',
      from: { path: '^src/', pathNot: HELD },
      to: {},
    },
    {
      name: 'imported-without-a-room',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: HELD },
    },
    {
      name: 'alone-without-a-room',
      severity: 'error',
      from: { path: '^src/', pathNot: HELD, orphan: true },
      to: {},
    },
    {
      name: 'lab-is-for-two-commands',
      comment: 'The product does not know the lab; only the commands `rehearse` and `lab` load it.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/commands/definitions/lab\\.ts$' },
      to: { path: '^lab/' },
    },
    {
      name: 'lab-knows-no-product',
      comment: 'The lab speaks the protocols; it shares nothing with the product that it is there to try.',
      severity: 'error',
      from: { path: '^lab/', pathNot: '^lab/test/' },
      to: { path: '^src/' },
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
      to: { path: '^(test|scripts|dist|build|lab/test)/' },
    },

    // The world is at the edge.
    {
      name: 'io-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: [...EDGE, '^src/load/wire/'] },
      to: { path: NODE_IO },
    },
    {
      name: 'wire-of-the-load',
      severity: 'error',
      from: { path: '^src/load/wire/' },
      to: { path: NODE_IO, pathNot: LOAD_IO },
    },
    {
      name: 'client-packages-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: EDGE },
      to: { path: CLIENT_PACKAGES, ...VALUES },
    },
    {
      name: 'http-at-the-edge',
      severity: 'error',
      from: { path: '^src/', pathNot: EDGE },
      to: { path: UNDICI, ...VALUES },
    },
    {
      name: 'one-door-to-the-runner',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/clients/runner/' },
      to: { path: '(^|node_modules/)@actions/core(/|$)' },
    },
    {
      name: 'pure-rooms',
      comment: 'Values in, values out.',
      severity: 'error',
      from: { path: paths('quality', 'verdict', 'report', 'history', 'tpu', 'lib') },
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
