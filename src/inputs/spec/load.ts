import { boolean, duration, integer, oneOf, plain, wordOr } from '../parsers/basic.ts';
import { loadImage, optionalName } from '../parsers/load.ts';
import { pairs } from '../parsers/mode.ts';
import { goodputSlo } from '../parsers/target.ts';
import type { InputRow } from '../row.ts';

/** How the stack is measured. */
export const LOAD = {
  /** Requests in flight for each replica, the same in both arms; `auto` by a ladder. */
  concurrency: {
    group: 'load',
    key: 'concurrency',
    parse: wordOr('auto', integer(1, 512, 'auto, or ')),
    default: 'auto',
    description: [
      'Requests in flight for each replica, the same in both arms. `auto` doubles them on one replica, from 4 to',
      'at most 64. It stops when that adds less than a tenth to the throughput.',
    ].join(' '),
  },
  'pair-duration': {
    group: 'load',
    key: 'pairDurationMs',
    parse: duration(1_000, 3_600_000),
    default: '32s',
    description: [
      'Measured time of one pair, both arms together. A pair takes longer where a window would not hold three requests one',
      'after another.',
    ].join(' '),
  },
  pairs: {
    group: 'load',
    key: 'pairs',
    parse: pairs,
    description: [
      'Measured pairs of one replica and all replicas, from the first look at the interval to the last. A round uses',
      'each replica as the one. Default: `6-15`, in mode `nightly` `12-12`. A run that stops early biases the ratio by',
      'its own noise.',
    ].join(' '),
  },
  /** Pairs of the base stack against itself; `off` for none. */
  control: {
    group: 'load',
    key: 'control',
    parse: wordOr('off', integer(4, 24, 'off, or ')),
    default: 'off',
    description: [
      'With `base-manifests`: pairs, 4 to 24, that measure the base stack against itself first. They show what chance',
      'alone does. If the 99 % interval of that ratio does not contain 1, the comparison does not count. `off` measures',
      'none.',
    ].join(' '),
  },
  /** JSON Lines of the workspace; empty for unique prompts. */
  prompts: {
    group: 'load',
    key: 'prompts',
    parse: plain,
    description: [
      'Your own prompts for the benchmark: a file of JSON Lines in the workspace, `{"prompt": "text"}` each. The gate',
      'sends them in their order, each behind a nonce. Empty for unique prompts of `prompt-tokens`.',
    ].join(' '),
  },
  /** The result.json of an earlier run; empty for no baseline. */
  baseline: {
    group: 'load',
    key: 'baseline',
    parse: plain,
    description: [
      'The `result.json` of an earlier run in the workspace. It is for clusters where one replica can be measured',
      'neither by a route nor by a scale-in. The ratio is then labelled as recorded and at most `inconclusive`.',
    ].join(' '),
  },
  /** The result.json of the last run that passed; empty where it is not known. */
  'last-pass': {
    group: 'load',
    modes: ['validate', 'nightly', 'preflight', 'deploy', 'restore'],
    key: 'lastPass',
    parse: plain,
    description: [
      'The `result.json` of the last run that passed, in the workspace. The comment on a run that does not pass then',
      'lists what has changed since. A missing file is not an error, so a cache may be empty.',
    ].join(' '),
  },
  'prompt-tokens': {
    group: 'load',
    modes: ['validate', 'nightly', 'preflight', 'deploy', 'restore'],
    key: 'promptTokens',
    parse: integer(16, 100_000),
    default: '640',
    description: [
      "Length of the benchmark's prompts in tokens. Every prompt is unique, so no answer comes from the cache of an",
      'earlier one.',
    ].join(' '),
  },
  'max-tokens': {
    group: 'load',
    key: 'maxTokens',
    parse: integer(1, 4_096),
    default: '16',
    description: 'Output tokens of each request.',
  },
  /** 0 for no measurement. */
  'latency-duration': {
    group: 'load',
    key: 'latencyDurationMs',
    parse: duration(0, 3_600_000),
    default: '20s',
    description: [
      'Time for which the gate measures streamed answers: time to first token and the like. It sends half of the rate',
      'that all replicas sustain. `0s` measures none. These figures are part of the verdict only with `slo`.',
    ].join(' '),
  },
  /** Limit of the p95 that goodput is measured at; `auto` for that of one replica in the pairs. */
  'goodput-slo': {
    group: 'load',
    key: 'goodputSloMs',
    parse: goodputSlo,
    description: [
      'Limit of the p95 end-to-end latency for goodput, such as `2s`. Goodput is the most requests per second within',
      'it. The gate searches over rates, on one and on all replicas. `auto` is the p95 of one replica in the pairs,',
      'and `off` measures no goodput. Each rate takes from half to twice `latency-duration`; with `0s` none is tried.',
      'Goodput is part of the verdict only with `slo`. Default: `auto` in mode `nightly` and where `slo` limits goodput,',
      'else `off`.',
    ].join(' '),
  },
  /** Whether the stack under test and the base stack answer the same tasks. */
  quality: {
    group: 'load',
    key: 'quality',
    ...oneOf(['auto', 'off']),
    default: 'auto',
    description: [
      'With `base-manifests`: `auto` sends the same tasks to both stacks, at temperature 0, and compares the right',
      'answers. A change that answers worse does not pass, however fast it is. `off` sends none.',
    ].join(' '),
  },
  /** JSON Lines of the workspace; empty for the built-in tasks. */
  'quality-tasks': {
    group: 'load',
    key: 'qualityTasks',
    parse: plain,
    description: [
      'Your own tasks for `quality`: a file of JSON Lines in the workspace, `{"prompt": "text", "expected": "text"}` each.',
      '`messages` may stand in place of `prompt`. `expected` may be a list of right answers, and `expectedJson` may',
      'replace it. Empty for 300 built-in tasks.',
    ].join(' '),
  },
  /** Where the timed requests are sent from. */
  'load-from': {
    group: 'load',
    key: 'loadFrom',
    ...oneOf(['runner', 'cluster', 'auto']),
    default: 'runner',
    description: [
      'Where all timed requests come from: `runner`, or `cluster` for load clients in an Indexed Job near the gateway.',
      '`auto` takes the cluster where the runner cannot reach the gateway, or the plan has more than half of what the',
      'runner can send. `cluster` and `auto` use `load-image` and permissions of their own.',
    ].join(' '),
  },
  'load-image': {
    group: 'load',
    key: 'loadImage',
    parse: loadImage,
    description: [
      'Image with at least Node 24 for the load clients in the cluster, with its digest:',
      '`docker.io/library/node:24-slim@sha256:…`. Its repository has to be in `allowed-registries`. Without it',
      '`load-from: auto` sends from the runner alone.',
    ].join(' '),
  },
  'load-shards': {
    group: 'load',
    key: 'loadShards',
    parse: integer(1, 32),
    default: '2',
    description: [
      'Load clients in the cluster that the gate starts with. The gate starts more of them if one would send more than half',
      'of what it can.',
    ].join(' '),
  },
  'load-queue': {
    group: 'load',
    key: 'loadQueue',
    parse: optionalName,
    description: 'Local queue of Kueue for the Job of the load clients. Empty for none.',
  },
  runbook: {
    group: 'load',
    key: 'runbook',
    parse: boolean,
    default: 'true',
    description: 'Also send the 20 serial and 100 parallel requests of the deployment runbook and show their figures.',
  },
} as const satisfies Readonly<Record<string, InputRow>>;
