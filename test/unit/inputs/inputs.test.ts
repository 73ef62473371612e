import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultInputs, type Inputs, parseInputs } from '../../../src/inputs/inputs.ts';
import { COMPONENTS } from '../../../src/inputs/parsers/components.ts';
import { parseReleaseInputs } from '../../../src/inputs/release.ts';
import { parseReportInputs } from '../../../src/inputs/report.ts';
import { INPUTS, rowOf } from '../../../src/inputs/spec.ts';
import { parseSweepInputs } from '../../../src/inputs/sweep.ts';

type Given = Record<string, string>;

const REQUIRED: Given = { 'project-id': 'ecoeng-llmd', location: 'europe-west4-a', cluster: 'llmd' };
const PROVIDER = 'projects/123456789012/locations/global/workloadIdentityPools/github/providers/ci';
const OIDC = { ACTIONS_ID_TOKEN_REQUEST_URL: 'https://oidc.example/', ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token' };
const KEY = {
  type: 'service_account',
  client_email: 'gate@ecoeng-llmd.iam.gserviceaccount.com',
  private_key: '-----BEGIN PRIVATE KEY-----\nc2VjcmV0LWtleS1ib2R5\n-----END PRIVATE KEY-----\n',
  private_key_id: '0123456789abcdef',
};

function parse(given: Given, env: Record<string, string | undefined> = {}) {
  return parseInputs({ get: (name) => given[name], given: Object.keys(given), env });
}

function inputsOf(given: Given, env: Record<string, string | undefined> = {}): Inputs {
  const parsed = parse({ ...REQUIRED, ...given }, env);
  if ('problems' in parsed) throw new Error(parsed.problems.join('\n'));
  return parsed.inputs;
}

function problemsOf(given: Given, env: Record<string, string | undefined> = {}): string[] {
  const parsed = parse(given, env);
  return 'problems' in parsed ? parsed.problems : [];
}

describe('good values', () => {
  it.each<[name: string, text: string, field: keyof Inputs, value: unknown]>([
    ['node-pool', 'tpu-v6e-pool', 'nodePool', 'tpu-v6e-pool'],
    ['node-pool', '', 'nodePool', null],
    ['nodes', '3', 'nodes', 3],
    ['nodes', '', 'nodes', null],
    ['resting-nodes', 'before', 'restingNodes', 'before'],
    ['resting-nodes', '0', 'restingNodes', 0],
    ['resting-nodes', '', 'restingNodes', 0],
    ['manifests', 'deploy/overlay', 'manifests', 'deploy/overlay'],
    ['retire', 'none', 'retire', 'none'],
    ['namespace', 'team-a', 'namespace', 'team-a'],
    ['gateway', 'opendatahub/inference-gateway', 'gateway', { namespace: 'opendatahub', name: 'inference-gateway' }],
    ['gateway', '', 'gateway', null],
    ['mode', 'deploy', 'keep', { expiresMs: 7_200_000 }],
    ['mode', 'nightly', 'pairs', { min: 12, max: 12 }],
    ['mode', 'nightly', 'keep', null],
    ['mode', 'restore', 'pattern', 1],
    ['mode', 'validate', 'pattern', 3],
    ['pattern', '1', 'pattern', 1],
    ['environment', 'none', 'environment', ''],
    ['environment', 'prod/eu west', 'environment', 'prod/eu west'],
    ['dns-endpoint', 'true', 'dnsEndpoint', true],
    ['dns-endpoint', 'false', 'dnsEndpoint', false],
    ['dns-endpoint', '', 'dnsEndpoint', 'auto'],
    ['target-speedup', '2.5-2.8', 'target', { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 1 }],
    ['target-speedup', '2', 'target', { minSpeedup: 2, expectedMaxSpeedup: 2, successRate: 1 }],
    ['target-speedup', '2 - 3.1', 'target', { minSpeedup: 2, expectedMaxSpeedup: 3.1, successRate: 1 }],
    ['target-success-rate', '99.5%', 'target', { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 0.995 }],
    ['target-success-rate', '0.99', 'target', { minSpeedup: 2.5, expectedMaxSpeedup: 2.8, successRate: 0.99 }],
    ['concurrency', '512', 'concurrency', 512],
    ['concurrency', 'auto', 'concurrency', 'auto'],
    ['pair-duration', '45s', 'pairDurationMs', 45_000],
    ['pairs', '3-100', 'pairs', { min: 3, max: 100 }],
    ['goodput-slo', 'off', 'goodputSloMs', 'off'],
    ['goodput-slo', '', 'goodputSloMs', 'off'],
    ['goodput-slo', 'auto', 'goodputSloMs', 'auto'],
    ['mode', 'nightly', 'goodputSloMs', 'auto'],
    ['slo', 'ttft-p95<1s, goodput>20', 'goodputSloMs', 'auto'],
    ['slo', 'ttft-p95<1s', 'goodputSloMs', 'off'],
    ['quality', '', 'quality', 'auto'],
    ['quality', 'off', 'quality', 'off'],
    ['quality-tasks', ' tests/tasks.jsonl ', 'qualityTasks', 'tests/tasks.jsonl'],
    ['max-quality-drop', '', 'maxQualityDrop', 0.02],
    ['max-quality-drop', '0%', 'maxQualityDrop', 0],
    ['max-quality-drop', '0.015', 'maxQualityDrop', 0.015],
    ['max-slowdown', '50%', 'maxSlowdown', 0.5],
    ['goodput-slo', '1500ms', 'goodputSloMs', 1_500],
    ['prompt-tokens', '16', 'promptTokens', 16],
    ['max-tokens', '4096', 'maxTokens', 4_096],
    ['runbook', 'FALSE', 'runbook', false],
    ['timeout', '1h30m', 'timeoutMs', 5_400_000],
    ['lease-timeout', '40m', 'leaseTimeoutMs', 2_400_000],
    ['ready-timeout', '30m', 'readyTimeoutMs', 1_800_000],
    ['release-timeout', '10m', 'releaseTimeoutMs', 600_000],
    ['poll-interval', '250ms', 'pollIntervalMs', 250],
    ['price-per-chip-hour', '2.97', 'pricePerChipHourUsd', 2.97],
    ['price-per-chip-hour', '', 'pricePerChipHourUsd', null],
    ['force-conflicts', 'true', 'forceConflicts', true],
    ['comment', 'on-failure', 'comment', 'on-failure'],
    ['comment-id', 'nightly/pattern3', 'commentId', 'nightly/pattern3'],
    ['pr-number', '7', 'prNumber', 7],
    ['summary', 'false', 'summary', false],
    ['fail-on', 'fail, error', 'failOn', ['fail', 'error']],
    ['fail-on', 'never', 'failOn', []],
    ['output-dir', 'out', 'outputDir', 'out'],
    ['github-token', ' ghs_secret ', 'githubToken', 'ghs_secret'],
  ])('%s: %j', (name, text, field, value) => {
    expect(inputsOf({ [name]: text })[field]).toEqual(value);
  });
});

describe('the mode', () => {
  it.each<[given: Given, event: string, mode: string]>([
    [{}, 'schedule', 'nightly'],
    [{ mode: 'auto' }, 'schedule', 'nightly'],
    [{}, 'pull_request', 'validate'],
    [{}, 'push', 'validate'],
    // One that leaves nodes behind is asked for by name.
    [{}, 'workflow_dispatch', 'validate'],
    [{ mode: 'deploy' }, 'schedule', 'deploy'],
    [{ mode: 'deploy', 'dry-run': 'true' }, 'workflow_dispatch', 'preflight'],
  ])('%j on %s is %s', (given, event, mode) => {
    expect(inputsOf(given, { GITHUB_EVENT_NAME: event }).mode).toBe(mode);
  });

  it('of a stack that stays has an end, or none when that is said', () => {
    expect(inputsOf({ mode: 'restore', 'expires-in': '30m' }).keep).toEqual({ expiresMs: 1_800_000 });
    expect(inputsOf({ mode: 'deploy', 'expires-in': 'never' }).keep).toEqual({ expiresMs: null });
    // A rollback must not end by itself.
    expect(inputsOf({ mode: 'deploy' }).keep).toEqual({ expiresMs: 7_200_000 });
    expect(inputsOf({ mode: 'restore' }).keep).toEqual({ expiresMs: null });
  });
});

describe('the inputs of mode report', () => {
  const parseReport = (given: Given) =>
    parseReportInputs({ get: (name) => given[name], given: Object.keys(given), env: { GITHUB_RUN_ID: '1' } });

  it('ask for no cluster', () => {
    expect(parseReport({ result: 'a/result.json' })).toMatchObject({
      inputs: { result: 'a/result.json', historyBranch: '', historySeries: 'default', alertIssues: false },
    });
    const parsed = parseReport({ result: 'a/result.json' });
    for (const key of ['projectId', 'location', 'cluster', 'auth', 'target']) {
      expect('inputs' in parsed && parsed.inputs).not.toHaveProperty(key);
    }
  });

  it('are told all that is wrong at once', () => {
    const wrong = {
      'history-branch': 'main',
      'history-series': 'a b',
      'alert-issues': 'yes',
      'pr-number': 'x',
      reslt: 'y',
    };
    expect(parseReport(wrong)).toEqual({
      problems: [
        'Input "reslt" is not known; did you mean "result"?',
        expect.stringContaining('Input "pr-number" is "x"'),
        'Input "alert-issues" is "yes"; allowed: true or false.',
        'Input "history-branch" "main" is where code lives; give a branch of its own, such as tpu-bench-data.',
        'Input "github-token" is empty; a history branch needs one.',
        expect.stringContaining('Input "history-series" is "a b"'),
      ],
    });
    expect(parseReport({})).toEqual({ problems: [expect.stringContaining('needs the input "result"')] });
  });
});

describe('bad values', () => {
  it.each<[name: string, text: string, allowed: string]>([
    ['node-pool', 'TPU_Pool', 'a Kubernetes name: lower-case letters, digits and hyphens, at most 63 characters'],
    ['nodes', '0', 'a whole number from 1 to 64'],
    ['nodes', 'three', 'a whole number from 1 to 64'],
    ['resting-nodes', '-1', '"before" (the size found before the run) or a number'],
    ['resting-nodes', 'zero', '"before" (the size found before the run) or a number'],
    ['namespace', '-a', 'a Kubernetes name: lower-case letters, digits and hyphens, at most 63 characters'],
    ['namespace', 'a'.repeat(64), 'a Kubernetes name: lower-case letters, digits and hyphens, at most 63 characters'],
    ['gateway', 'inference-gateway', 'namespace/name, such as opendatahub/inference-gateway'],
    ['gateway', 'a/b/c', 'namespace/name, such as opendatahub/inference-gateway'],
    ['gateway', '/b', 'namespace/name, such as opendatahub/inference-gateway'],
    ['allowed-references', 'hf-token', 'kinds with a name, such as Secret/hf-token or Gateway/namespace/name'],
    ['allowed-references', 'Secret/*', 'kinds with a name, such as Secret/hf-token or Gateway/namespace/name'],
    ['allowed-fields', '*', 'fields such as spec.template.nodeName, or LLMInferenceService:spec.scaling'],
    ['allowed-fields', 'pod:spec', 'fields such as spec.template.nodeName, or LLMInferenceService:spec.scaling'],
    ['dns-endpoint', 'yes', 'auto, true, false'],
    ['target-speedup', '2.8-2.5', 'a range such as 2.5-2.8, or one number'],
    ['target-speedup', '0', 'a range such as 2.5-2.8, or one number'],
    ['target-speedup', '2.5x', 'a range such as 2.5-2.8, or one number'],
    ['target-success-rate', '0%', 'a share such as 100% or 0.995'],
    ['target-success-rate', '101%', 'a share such as 100% or 0.995'],
    ['target-success-rate', '99', 'a share such as 100% or 0.995'],
    ['concurrency', '0', 'auto, or a whole number from 1 to 512'],
    ['concurrency', '10.5', 'auto, or a whole number from 1 to 512'],
    ['concurrency', '1e2', 'auto, or a whole number from 1 to 512'],
    ['pair-duration', '32', 'a duration with a unit from 1s to 1h, such as 90s, 25m or 1h30m'],
    ['pair-duration', '900ms', 'a duration from 1s to 1h'],
    ['pair-duration', '2h', 'a duration from 1s to 1h'],
    ['latency-duration', '61m', 'a duration from 0s to 1h'],
    ['timeout', '600h', 'a duration from 1s to 24h'],
    ['busy-timeout', '25h', 'a duration from 1s to 24h'],
    ['api-timeout', '11m', 'a duration from 1s to 10m'],
    ['poll-interval', '1h', 'a duration from 50ms to 10m'],
    ['goodput-slo', '1h', 'auto, off, or a latency of at most 10m, such as 2s or 1500ms'],
    ['mode', 'dploy', 'auto, validate, nightly, preflight, deploy, restore, cleanup, report, command'],
    ['pattern', '2', '1 or 3'],
    ['expires-in', '30s', 'never, or a duration from 1m to 2160h, such as 2h'],
    ['expires-in', '7200', 'never, or a duration from 1m to 2160h, such as 2h'],
    ['environment', '-x', 'none, or a name such as tpu-serving'],
    ['dry-run', 'maybe', 'true or false'],
    ['pairs', '6', 'a range such as 6-15: first and last look, at least 3'],
    ['pairs', '2-15', 'a range such as 6-15: first and last look, at least 3'],
    ['pairs', '15-6', 'a range such as 6-15: first and last look, at least 3'],
    ['pairs', '6-101', 'a range such as 6-15: first and last look, at least 3'],
    ['goodput-slo', '0s', 'auto, off, or a latency of at most 10m, such as 2s or 1500ms'],
    ['goodput-slo', 'fast', 'auto, off, or a latency of at most 10m, such as 2s or 1500ms'],
    ['quality', 'on', 'auto, off'],
    ['max-quality-drop', '51%', 'a share from 0% to 50%, such as 2% or 0.02'],
    ['max-quality-drop', '-1%', 'a share from 0% to 50%, such as 2% or 0.02'],
    ['max-slowdown', 'some', 'a share from 0% to 50%, such as 3% or 0.03'],
    ['prompt-tokens', '15', 'a whole number from 16 to 100000'],
    ['max-tokens', '4097', 'a whole number from 1 to 4096'],
    ['runbook', 'yes', 'true or false'],
    ['timeout', '90', 'a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m'],
    ['lease-timeout', '0s', 'a duration from 1s to 24h'],
    ['ready-timeout', 'soon', 'a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m'],
    ['release-timeout', '10 m', 'a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m'],
    ['poll-interval', '10ms', 'a duration from 50ms to 10m'],
    ['price-per-chip-hour', '$2.97', 'US dollars for one chip and hour, such as 2.97'],
    ['price-per-chip-hour', '0', 'US dollars for one chip and hour, such as 2.97'],
    ['force-conflicts', '1', 'true or false'],
    ['comment', 'never', 'auto, always, on-failure, off'],
    ['comment-id', 'a b', 'letters, digits, dot, slash, hyphen, underscore'],
    ['pr-number', '#7', 'a whole number from 1 to 2147483647'],
    ['summary', 'on', 'true or false'],
    ['fail-on', 'failure', '"never", or any of fail, inconclusive, invalid, error with commas'],
    ['fail-on', ',', '"never", or any of fail, inconclusive, invalid, error with commas'],
  ])('%s: %j', (name, text, allowed) => {
    const shown = name === 'runbook' || name === 'summary' ? text.toLowerCase() : text;
    expect(problemsOf({ ...REQUIRED, [name]: text })).toEqual([`Input "${name}" is "${shown}"; allowed: ${allowed}.`]);
  });

  it('shortens a long value', () => {
    const [problem] = problemsOf({ ...REQUIRED, pairs: '9'.repeat(5_000) });
    expect(problem).toContain(`"${'9'.repeat(77)}…"`);
  });

  it('asks for the image of load clients in the cluster, with its digest', () => {
    const needs = '"load-from: cluster" needs the input "load-image", an image with Node 24.';
    expect(problemsOf({ ...REQUIRED, 'load-from': 'cluster' })).toEqual([needs]);
    const [problem] = problemsOf({ ...REQUIRED, 'load-from': 'cluster', 'load-image': 'node:24-slim' });
    expect(problem).toContain('Input "load-image" is "node:24-slim"; allowed: an image with its digest');
    expect(problemsOf({ ...REQUIRED, 'load-queue': 'Not A Name' })).toHaveLength(1);
  });

  it('reports everything at once', () => {
    const problems = problemsOf({ concurrency: 'many', timeout: '90', gatway: 'a/b', comment: 'loud' });
    expect(problems).toEqual([
      'Input "gatway" is not known; did you mean "gateway"?',
      'Input "cluster" is missing; give the name of the GKE cluster.',
      'Input "location" is missing; give the zone or region of the cluster, such as europe-west4-a.',
      'Input "project-id" is missing; give it, or run google-github-actions/auth before, which sets GOOGLE_CLOUD_PROJECT.',
      'Input "concurrency" is "many"; allowed: auto, or a whole number from 1 to 512.',
      'Input "timeout" is "90"; allowed: a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m.',
      'Input "comment" is "loud"; allowed: auto, always, on-failure, off.',
    ]);
  });
});

describe('names', () => {
  it.each([
    ['node_pool', 'did you mean "node-pool"?'],
    ['nodepool', 'did you mean "node-pool"?'],
    ['target_speed_up', 'did you mean "target-speedup"?'],
    ['zone-of-the-cluster', 'is not known.'],
  ])('%s is answered with: %s', (name, answer) => {
    expect(problemsOf({ ...REQUIRED, [name]: 'x' })).toEqual([expect.stringContaining(answer)]);
  });

  it.each([
    ['project_id', 'other-project', 'projectId'],
    ['cluster_name', 'other', 'cluster'],
  ] as const)('%s stands for its input', (alias, value, field) => {
    const { 'project-id': projectId, cluster, ...rest } = REQUIRED;
    const given = alias === 'project_id' ? { ...rest, cluster } : { ...rest, 'project-id': projectId };
    const parsed = parse({ ...given, [alias]: value } as Given);
    expect(parsed).toMatchObject({ inputs: { [field]: value } });
  });

  it('may be given twice when both say the same', () => {
    expect(inputsOf({ project_id: 'ecoeng-llmd' }).projectId).toBe('ecoeng-llmd');
  });

  it('contradict each other by name, without their values', () => {
    expect(problemsOf({ ...REQUIRED, project_id: 'another' })).toEqual([
      'Inputs "project-id" and "project_id" contradict each other; give only "project-id".',
    ]);
  });
});

describe('the cluster', () => {
  const full = 'projects/ecoeng-llmd/locations/europe-west4-a/clusters/llmd';

  it.each([full, full.replace('locations', 'zones'), full.replace('locations/europe-west4-a', 'regions/europe-west4')])(
    'may be a full name: %s',
    (cluster) => {
      const parsed = parse({ cluster });
      expect(parsed).toMatchObject({ inputs: { projectId: 'ecoeng-llmd', cluster: 'llmd' } });
    },
  );

  it('may repeat what its full name says, and not contradict it', () => {
    expect(problemsOf({ ...REQUIRED, cluster: full })).toEqual([]);
    expect(problemsOf({ 'project-id': 'other', location: 'us-east5-b', cluster: full })).toEqual([
      'Inputs "cluster" (project ecoeng-llmd) and "project-id" (other) contradict each other.',
      'Inputs "cluster" (location europe-west4-a) and "location" (us-east5-b) contradict each other.',
    ]);
  });

  it.each(['CLOUDSDK_CORE_PROJECT', 'GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'GCP_PROJECT'])(
    'takes its project from %s when none is given',
    (name) => {
      const { 'project-id': _, ...rest } = REQUIRED;
      expect(parse(rest as Given, { [name]: 'from-env' })).toMatchObject({ inputs: { projectId: 'from-env' } });
      expect(inputsOf({}, { [name]: 'from-env' }).projectId).toBe('ecoeng-llmd');
    },
  );

  it.each([
    ['cluster', 'LLMD', 'the name of a GKE cluster, or projects/P/locations/L/clusters/C'],
    ['cluster', 'projects/p/clusters/c', 'the name of a GKE cluster, or projects/P/locations/L/clusters/C'],
    ['cluster', 'llmd; rm -rf /', 'the name of a GKE cluster, or projects/P/locations/L/clusters/C'],
    ['location', 'europe', 'a zone or region, such as europe-west4-a'],
    ['location', 'europe-west4-a$(id)', 'a zone or region, such as europe-west4-a'],
    ['project-id', '123456789012', 'a project ID (not its number or display name)'],
    ['project-id', 'My Project', 'a project ID (not its number or display name)'],
  ])('refuses %s %j', (name, value, allowed) => {
    expect(problemsOf({ ...REQUIRED, [name]: value })).toEqual([`Input "${name}" is "${value}"; allowed: ${allowed}.`]);
  });

  it.each(['example.com:llmd-prod', 'ecoeng-llmd'])('takes the project ID %s', (projectId) => {
    expect(inputsOf({ 'project-id': projectId }).projectId).toBe(projectId);
  });
});

describe('authentication', () => {
  it('is application default credentials when nothing is given', () => {
    expect(inputsOf({}).auth).toEqual({ kind: 'adc' });
  });

  it('is workload identity federation, with or without a service account', () => {
    const given = { 'workload-identity-provider': PROVIDER };
    expect(inputsOf(given, OIDC).auth).toEqual({ kind: 'workload-identity', provider: PROVIDER, serviceAccount: null });
    expect(inputsOf({ ...given, service_account: 'gate@p.iam.gserviceaccount.com' }, OIDC).auth).toMatchObject({
      serviceAccount: 'gate@p.iam.gserviceaccount.com',
    });
  });

  it.each<[string, string]>([
    ['JSON', JSON.stringify(KEY)],
    ['base64', Buffer.from(JSON.stringify(KEY)).toString('base64')],
    [
      'base64 in lines',
      (
        Buffer.from(JSON.stringify(KEY))
          .toString('base64')
          .match(/.{1,76}/g) ?? []
      ).join('\n'),
    ],
  ])('is a service account key as %s', (_, text) => {
    expect(inputsOf({ 'credentials-json': text }).auth).toEqual({
      kind: 'service-account-key',
      key: {
        clientEmail: KEY.client_email,
        privateKey: KEY.private_key,
        privateKeyId: KEY.private_key_id,
        tokenUri: 'https://oauth2.googleapis.com/token',
      },
    });
  });

  it('takes the token_uri of a key', () => {
    const key = JSON.stringify({ ...KEY, token_uri: 'https://oauth2.example/token' });
    expect(inputsOf({ credentials_json: key }).auth).toMatchObject({
      key: { tokenUri: 'https://oauth2.example/token' },
    });
  });

  it.each<[string, Given, Record<string, string>, string]>([
    [
      'the project ID in a provider',
      { 'workload-identity-provider': PROVIDER.replace('123456789012', 'ecoeng-llmd') },
      OIDC,
      "(the project's number, not its ID)",
    ],
    [
      'a provider without id-token: write',
      { 'workload-identity-provider': PROVIDER },
      {},
      'add "permissions: id-token: write" to the job',
    ],
    [
      'both methods',
      { 'workload-identity-provider': PROVIDER, 'credentials-json': JSON.stringify(KEY) },
      OIDC,
      'exclude each other; give one of them',
    ],
    ['a service account alone', { 'service-account': 'a@b' }, {}, 'without "workload-identity-provider"'],
  ])('refuses %s', (_, given, env, text) => {
    expect(problemsOf({ ...REQUIRED, ...given }, env)).toEqual([expect.stringContaining(text)]);
  });

  it.each<[string, string]>([
    ['no JSON', 'hunter2-secret-value'],
    ['JSON cut short', JSON.stringify(KEY).slice(0, -10)],
    ['another kind of credentials', JSON.stringify({ type: 'authorized_user', refresh_token: 'hunter2-secret-value' })],
    ['a key without its private half', JSON.stringify({ ...KEY, private_key: undefined })],
    ['null', 'null'],
    ['base64 of something else', Buffer.from('hunter2-secret-value').toString('base64')],
  ])('says that it is no key and never repeats it: %s', (_, text) => {
    const [problem, ...rest] = problemsOf({ ...REQUIRED, 'credentials-json': text });
    expect(rest).toEqual([]);
    expect(problem).toMatch(/^Input "credentials-json" is not a service account key; allowed: /);
    expect(problem).not.toContain('hunter2');
    expect(problem).not.toContain('c2VjcmV0');
    if (text.length > 8) expect(problem).not.toContain(text.slice(0, 8));
  });

  it('never repeats secrets, whatever else is wrong', () => {
    const problems = problemsOf({
      'credentials-json': JSON.stringify(KEY),
      credentials_json: 'hunter2-secret-value',
      'github-token': 'ghs_hunter2',
      'workload-identity-provider': 'nonsense',
      concurrency: 'x',
    }).join('\n');
    expect(problems).toContain('contradict each other; give only "credentials-json"');
    for (const secret of ['hunter2', 'c2VjcmV0', KEY.private_key_id]) expect(problems).not.toContain(secret);
  });
});

describe('the comment id', () => {
  const env = { GITHUB_WORKFLOW: 'Serving gate (v6e)', GITHUB_JOB: 'pattern3' };

  it('is the workflow, the job and what is measured where when none is given', () => {
    expect(inputsOf({}, env).commentId).toMatch(/^Serving-gate-v6e-\/pattern3\/[0-9a-f]{6}$/);
    expect(inputsOf({}, env).commentId).toBe(inputsOf({ timeout: '80m' }, env).commentId);
  });

  it('is another one for each leg of a matrix', () => {
    const legs = [{}, { 'node-pool': 'a' }, { 'node-pool': 'b' }, { namespace: 'other' }, { manifests: 'deploy/big' }];
    expect(new Set(legs.map((leg) => inputsOf(leg as Given, env).commentId)).size).toBe(legs.length);
  });
});

describe('inputs for the release', () => {
  const lease = { projectId: 'leased-project', location: 'us-east5-b', cluster: 'leased' };
  const release = (given: Given, env: Record<string, string | undefined> = {}) =>
    parseReleaseInputs({ get: (name) => given[name], given: Object.keys(given), env }, lease);

  it('are where the lease is, whatever inputs and environment say', () => {
    const given = { ...REQUIRED, project_id: 'third', cluster_name: 'other' };
    const { inputs, problems } = release(given, { GOOGLE_CLOUD_PROJECT: 'fourth' });
    expect(inputs).toMatchObject(lease);
    expect(problems).toEqual([]);
  });

  it('are identity and limits as the user gave them', () => {
    const key = JSON.stringify(KEY);
    const { inputs, problems } = release({
      'credentials-json': key,
      'dns-endpoint': 'true',
      'release-timeout': '4m',
      'poll-interval': '2s',
      'price-per-chip-hour': '1.5',
      comment: 'on-failure',
      'comment-id': 'nightly',
      'pr-number': '7',
      summary: 'false',
      'github-token': 'ghs_secret',
    });
    expect(problems).toEqual([]);
    expect(inputs).toMatchObject({
      auth: { kind: 'service-account-key', key: { clientEmail: KEY.client_email } },
      dnsEndpoint: true,
      releaseTimeoutMs: 240_000,
      pollIntervalMs: 2_000,
      pricePerChipHourUsd: 1.5,
      comment: 'on-failure',
      commentId: 'nightly',
      prNumber: 7,
      summary: false,
      githubToken: 'ghs_secret',
    });
  });

  it('do not care for what only a run needs', () => {
    const { inputs, problems } = release({ manifests: 'nowhere', nodes: 'many', concurrency: '0', typo: 'x' });
    expect(problems).toEqual([]);
    expect(inputs).not.toHaveProperty('nodes');
  });

  it('lose what is wrong, tell it, and keep everything else', () => {
    const { inputs, problems } = release(
      {
        'workload-identity-provider': PROVIDER,
        'release-timeout': 'soon',
        'poll-interval': '10ms',
        comment: 'loud',
        'github-token': 'ghs_secret',
      },
      OIDC,
    );
    expect(problems).toEqual([
      'Input "release-timeout" is "soon"; allowed: a duration with a unit from 1s to 24h, such as 90s, 25m or 1h30m.',
      'Input "poll-interval" is "10ms"; allowed: a duration from 50ms to 10m.',
      'Input "comment" is "loud"; allowed: auto, always, on-failure, off.',
    ]);
    expect(inputs).toMatchObject({
      auth: { kind: 'workload-identity', provider: PROVIDER },
      releaseTimeoutMs: 600_000,
      pollIntervalMs: 5_000,
      comment: 'auto',
      githubToken: 'ghs_secret',
    });
  });

  it('are there although the OIDC token is gone', () => {
    const { inputs, problems } = release({
      'workload-identity-provider': PROVIDER,
      'service-account': 'gate@p.iam.gserviceaccount.com',
      'release-timeout': '4m',
    });
    expect(problems).toEqual([expect.stringContaining("needs the runner's OIDC token")]);
    expect(inputs).toMatchObject({ ...lease, auth: { kind: 'adc' }, releaseTimeoutMs: 240_000 });
  });
});

describe('the inputs of the sweeper', () => {
  const sweep = (given: Given) => parseSweepInputs({ get: (name) => given[name], given: Object.keys(given), env: {} });

  it('are its own groups alone', () => {
    const parsed = sweep(REQUIRED);
    expect(Object.keys('inputs' in parsed ? parsed.inputs : {}).sort()).toEqual(
      [
        ...['apiTimeoutMs', 'auth', 'cluster', 'dnsEndpoint', 'githubToken', 'issue', 'leaseNamespace', 'location'],
        ...['pollIntervalMs', 'projectId', 'releaseTimeoutMs'],
      ].sort(),
    );
  });

  it('do not know an input of a run', () => {
    expect(sweep({ ...REQUIRED, pairs: '6-15', polinterval: '5s' })).toEqual({
      problems: [
        'Input "pairs" is not known to the sweeper.',
        'Input "polinterval" is not known to the sweeper; did you mean "poll-interval"?',
      ],
    });
  });
});

describe('the table of inputs', () => {
  it('names every spelling and every field once', () => {
    const spellings = INPUTS.flatMap(([name, { aliases = [] }]) => [name, ...aliases]);
    expect(new Set(spellings).size).toBe(spellings.length);
    const keys = INPUTS.flatMap(([, row]) => ('key' in row ? [row.key] : []));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('reads a part together with a row of the same group', () => {
    for (const [, row] of INPUTS) {
      if ('partOf' in row) expect(rowOf(row.partOf).group).toBe(row.group);
    }
  });

  it('has defaults that are right', () => {
    // The default id of a comment depends on the cluster.
    const { commentId: _, ...defaults } = defaultInputs({});
    expect(inputsOf({})).toMatchObject(defaults);
  });
});

describe('an identity that only reads', () => {
  it('is for a look, also at what another mode would do', () => {
    expect(inputsOf({ mode: 'preflight', 'read-only': 'true' }).readOnly).toBe(true);
    expect(inputsOf({ mode: 'deploy', 'dry-run': 'true', 'read-only': 'true' }).readOnly).toBe(true);
    expect(problemsOf({ ...REQUIRED, mode: 'deploy', 'read-only': 'true' })).toEqual([
      'Input "read-only" is for mode "preflight"; every other mode changes the cluster.',
    ]);
  });
});

describe('a limit on money', () => {
  const DEFAULT = { usd: 60, isDefault: true };

  it.each<[Given, unknown]>([
    [{}, DEFAULT],
    [{ mode: 'nightly' }, DEFAULT],
    [{ mode: 'nightly', 'dry-run': 'true' }, DEFAULT],
    [{ mode: 'deploy' }, null],
    [{ mode: 'restore' }, null],
    [{ mode: 'preflight' }, null],
    [{ 'max-cost': 'none' }, null],
    [{ 'max-cost': '12.5' }, { usd: 12.5, isDefault: false }],
    [
      { mode: 'deploy', 'max-cost': '12.5' },
      { usd: 12.5, isDefault: false },
    ],
  ])('of %j is %j', (given, limit) => {
    expect(inputsOf(given).maxCost).toEqual(limit);
  });

  it.each(['free', '0', '-1', '$60'])('is not %s', (text) => {
    expect(problemsOf({ ...REQUIRED, 'max-cost': text })).toEqual([
      `Input "max-cost" is "${text}"; allowed: auto, none, or US dollars for the whole run, such as 30.`,
    ]);
  });

  it('is eight nodes by default, and at most 64', () => {
    expect(inputsOf({}).maxNodes).toBe(8);
    expect(problemsOf({ ...REQUIRED, 'max-nodes': '300' })).toEqual([
      'Input "max-nodes" is "300"; allowed: a whole number from 1 to 64.',
    ]);
  });
});

describe('components', () => {
  it('are those of the gate, each once, over a stack that stays', () => {
    expect(inputsOf({}).components).toEqual([]);
    expect(inputsOf({ mode: 'deploy', components: 'monitoring, high-availability monitoring' }).components).toEqual([
      'monitoring',
      'high-availability',
    ]);
  });

  it('with a misspelt name have a suggestion', () => {
    expect(problemsOf({ ...REQUIRED, mode: 'deploy', components: 'strict-mtl, ../etc' })).toEqual([
      'Input "components" has "strict-mtl", which is not a component; did you mean "strict-mtls"?',
      `Input "components" is "../etc"; allowed: ${COMPONENTS.join(', ')}.`,
    ]);
  });

  it.each(['validate', 'nightly', 'preflight', 'restore', 'auto'])('are refused in one sentence in mode %s', (mode) => {
    expect(problemsOf({ ...REQUIRED, mode, components: 'limits' })).toEqual([
      'Input "components" is for mode "deploy"; a run that measures takes components from its "manifests".',
    ]);
  });

  it('are all that the manifests ship to harden a stack', () => {
    const others = ['default-deny', 'envoyfilter', 'upstream-kserve'];
    const folders = readdirSync('manifests/components').filter((name) => !others.includes(name));
    expect(folders.sort()).toEqual([...COMPONENTS].sort());
  });
});
