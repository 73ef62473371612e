import { createHash } from 'node:crypto';
import { parseDuration } from '../lib/duration.ts';
import { DEFAULT_MODE, isRunMode, MODE_NAMES, MODES, modeOfEvent, type RunMode } from '../lib/modes.ts';
import { VERDICT_NAMES } from '../lib/verdicts.ts';
import type { Verdict } from '../report/model.ts';

export type AuthMethod =
  | { kind: 'workload-identity'; provider: string; serviceAccount: string | null }
  | { kind: 'service-account-key'; key: ServiceAccountKey }
  | { kind: 'adc' };

export interface ServiceAccountKey {
  clientEmail: string;
  privateKey: string;
  privateKeyId: string | null;
  tokenUri: string;
}

export interface InputSource {
  /** Raw text of an input by its canonical or alias name; undefined or empty when not given. */
  get(name: string): string | undefined;
  /** Every name that the user gave, to find near misses. */
  given: string[];
  env: Readonly<Record<string, string | undefined>>;
}

/** Variables by which other tools name the project, in order of precedence. */
const PROJECT_ENV = ['CLOUDSDK_CORE_PROJECT', 'GOOGLE_CLOUD_PROJECT', 'GCLOUD_PROJECT', 'GCP_PROJECT'];

/** Notes a problem: which input, its value, what is allowed. */
export type Bad = (name: string, value: string, allowed: string) => void;

export function clusterOf(
  cluster: string,
  project: string,
  location: string,
  env: InputSource['env'],
  problems: string[],
): { projectId: string; location: string; cluster: string } {
  const full = /^projects\/([^/]+)\/(?:locations|zones|regions)\/([^/]+)\/clusters\/([^/]+)$/.exec(cluster);
  const [, fullProject, fullLocation, fullName] = full ?? [];
  if (fullProject && project && fullProject !== project) {
    problems.push(`Inputs "cluster" (project ${fullProject}) and "project-id" (${project}) contradict each other.`);
  }
  if (fullLocation && location && fullLocation !== location) {
    problems.push(`Inputs "cluster" (location ${fullLocation}) and "location" (${location}) contradict each other.`);
  }
  const fromEnv = PROJECT_ENV.map((name) => env[name]).find((value) => value !== undefined && value !== '');
  const result = {
    projectId: fullProject ?? (project || fromEnv || ''),
    location: fullLocation ?? location,
    cluster: fullName ?? cluster,
  };
  if (!result.cluster) problems.push('Input "cluster" is missing; give the name of the GKE cluster.');
  else if (!/^[a-z][a-z0-9-]{0,39}$/.test(result.cluster)) {
    problems.push(
      `Input "cluster" is "${shorten(result.cluster)}"; allowed: the name of a GKE cluster, or projects/P/locations/L/clusters/C.`,
    );
  }
  if (!result.location) {
    problems.push('Input "location" is missing; give the zone or region of the cluster, such as europe-west4-a.');
  } else if (!/^[a-z]+-[a-z]+\d+(-[a-z])?$/.test(result.location)) {
    problems.push(
      `Input "location" is "${shorten(result.location)}"; allowed: a zone or region, such as europe-west4-a.`,
    );
  }
  if (!result.projectId) {
    problems.push(
      `Input "project-id" is missing; give it, or run google-github-actions/auth before, which sets ${PROJECT_ENV[1]}.`,
    );
  } else if (!/^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{2,28}[a-z0-9]$/.test(result.projectId)) {
    problems.push(
      `Input "project-id" is "${shorten(result.projectId)}"; allowed: a project ID (not its number or display name).`,
    );
  }
  return result;
}

export function authOf(text: (name: string) => string, env: InputSource['env'], problems: string[]): AuthMethod {
  const provider = text('workload-identity-provider');
  const credentials = text('credentials-json');
  const serviceAccount = text('service-account');
  if (provider && credentials) {
    problems.push('Inputs "workload-identity-provider" and "credentials-json" exclude each other; give one of them.');
  }
  if (provider) {
    if (!/^projects\/\d+\/locations\/global\/workloadIdentityPools\/[^/]+\/providers\/[^/]+$/.test(provider)) {
      problems.push(
        `Input "workload-identity-provider" is "${shorten(provider)}"; allowed: projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER (the project's number, not its ID).`,
      );
    }
    if (!env.ACTIONS_ID_TOKEN_REQUEST_URL || !env.ACTIONS_ID_TOKEN_REQUEST_TOKEN) {
      problems.push(
        'Input "workload-identity-provider" needs the runner\'s OIDC token, which is not offered here; add "permissions: id-token: write" to the job. Pull requests from forks never get it.',
      );
    }
    return { kind: 'workload-identity', provider, serviceAccount: serviceAccount || null };
  }
  if (serviceAccount) {
    problems.push('Input "service-account" is given without "workload-identity-provider"; give both or neither.');
  }
  if (!credentials) return { kind: 'adc' };
  try {
    return { kind: 'service-account-key', key: serviceAccountKey(credentials) };
  } catch {
    // The value itself is never repeated: it is a secret.
    problems.push(
      'Input "credentials-json" is not a service account key; allowed: the JSON (or its base64) of a key with type "service_account", client_email and private_key.',
    );
    return { kind: 'adc' };
  }
}

export function serviceAccountKey(text: string): ServiceAccountKey {
  const json = text.trimStart().startsWith('{') ? text : Buffer.from(text, 'base64').toString();
  const key = JSON.parse(json) as Record<string, unknown>;
  const { type, client_email: clientEmail, private_key: privateKey, private_key_id: id, token_uri: uri } = key;
  if (type !== 'service_account' || typeof clientEmail !== 'string' || typeof privateKey !== 'string') {
    throw new TypeError('not a service account key');
  }
  return {
    clientEmail,
    privateKey,
    privateKeyId: typeof id === 'string' ? id : null,
    tokenUri: typeof uri === 'string' ? uri : 'https://oauth2.googleapis.com/token',
  };
}

export function gatewayOf(value: string, bad: Bad): { namespace: string; name: string } | null {
  if (value === '') return null;
  const [namespace, name, ...rest] = value.split('/');
  if (!namespace || !name || rest.length > 0) {
    bad('gateway', value, 'namespace/name, such as opendatahub/inference-gateway');
    return null;
  }
  return { namespace, name };
}

export function targetOf(value: string, bad: Bad): { minSpeedup: number; expectedMaxSpeedup: number } {
  const match = /^(\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?$/.exec(value);
  const min = Number(match?.[1]);
  const max = match?.[2] === undefined ? min : Number(match[2]);
  if (!match || min <= 0 || max < min) bad('target-speedup', value, 'a range such as 2.5-2.8, or one number');
  return { minSpeedup: min, expectedMaxSpeedup: max };
}

export function pairsOf(value: string, bad: Bad): { min: number; max: number } {
  const match = /^(\d+)\s*-\s*(\d+)$/.exec(value);
  const min = Number(match?.[1]);
  const max = Number(match?.[2]);
  if (!match || min < 3 || max < min || max > 100) {
    bad('pairs', value, 'a range such as 6-15: first and last look, at least 3');
  }
  return { min, max };
}

export function shareOf(name: string, value: string, bad: Bad): number {
  const match = /^(\d+(?:\.\d+)?)\s*(%?)$/.exec(value);
  const share = Number(match?.[1]) / (match?.[2] ? 100 : 1);
  if (!match || share <= 0 || share > 1) bad(name, value, 'a share such as 100% or 0.995');
  return share;
}

export function restingNodes(value: string, bad: Bad): number {
  if (!/^\d{1,3}$/.test(value)) bad('resting-nodes', value, '"before" (the size found before the run) or a number');
  return Number(value);
}

export function priceOf(value: string, bad: Bad): number | null {
  if (value === '') return null;
  const price = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || price <= 0 || price > 1_000) {
    bad('price-per-chip-hour', value, 'US dollars for one chip and hour, such as 2.97');
  }
  return price;
}

export function maxCostOf(value: string, bad: Bad): number | null {
  if (value === '') return null;
  const amount = Number(value);
  if (!/^\d+(\.\d+)?$/.test(value) || amount <= 0 || amount > 100_000) {
    bad('max-cost', value, 'US dollars for the whole run, such as 30');
  }
  return amount;
}

/** `auto`, `off`, or a limit of latency in milliseconds. */
export function sloOf(value: string, bad: Bad): number | 'auto' | 'off' {
  if (value === 'auto' || value === 'off') return value;
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0) bad('goodput-slo', value, 'auto, off, or a latency such as 2s or 1500ms');
  return ms ?? 'auto';
}

/** What manifests may be. */
export interface GuardPolicy {
  /** `NetworkPolicy`, or with its group `EnvoyFilter.networking.istio.io`. */
  kinds: readonly string[];
  namespaces: readonly string[];
  /** Registries or beginnings of repositories: `quay.io/opendatahub`; `docker.io` where an image names none. */
  registries: readonly string[];
}

/** The namespace of the stack is always among the allowed ones. */
export function guardOf(
  text: (name: string) => string,
  kubernetesName: (name: string, value: string) => string,
  bad: Bad,
): GuardPolicy {
  const listOf = (name: string) =>
    text(name)
      .split(/[\s,]+/)
      .filter((part) => part !== '');
  const kinds = listOf('allowed-kinds');
  for (const kind of kinds) {
    if (!/^[A-Z][A-Za-z0-9]*(\.[a-z0-9.-]+)?$/.test(kind)) {
      bad('allowed-kinds', kind, 'kinds such as NetworkPolicy, or with their group EnvoyFilter.networking.istio.io');
    }
  }
  const registries = listOf('allowed-registries').map((name) => name.replace(/\/+$/, ''));
  for (const registry of registries) {
    if (
      !/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._/-]+)?$/.test(registry) ||
      !/[.:]|^localhost/.test(registry.split('/')[0] ?? '')
    ) {
      bad('allowed-registries', registry, 'registries or beginnings of repositories, such as ghcr.io/llm-d');
    }
  }
  const more = listOf('allowed-namespaces').map((name) => kubernetesName('allowed-namespaces', name));
  return { kinds, namespaces: [...new Set([text('namespace'), ...more])], registries };
}

export function failOnOf(value: string, bad: Bad): Exclude<Verdict, 'pass'>[] {
  const allowed = VERDICT_NAMES.filter((name) => name !== 'pass');
  if (value === 'never') return [];
  const parts = value.split(/[\s,]+/).filter((part) => part !== '');
  const found = parts.flatMap((part) => allowed.filter((option) => option === part));
  if (parts.length === 0 || found.length !== parts.length) {
    bad('fail-on', value, `"never", or any of ${allowed.join(', ')} with commas`);
  }
  return found;
}

/**
 * Whose comment it is: workflow, job, and what it measures where. The legs of a matrix have the first two in common, and must
 * not write into each other's.
 */
export function commentIdOf(value: string, env: InputSource['env'], leg: readonly unknown[], bad: Bad): string {
  const hash = createHash('sha256').update(JSON.stringify(leg)).digest('hex').slice(0, 6);
  const id = value || [env.GITHUB_WORKFLOW, env.GITHUB_JOB, hash].filter(Boolean).join('/');
  const clean = id.replace(/[^A-Za-z0-9._/-]+/g, '-').slice(0, 100);
  if (value !== '' && clean !== value) bad('comment-id', value, 'letters, digits, dot, slash, hyphen, underscore');
  return clean;
}

export function dnsOf(value: 'auto' | 'true' | 'false'): boolean | 'auto' {
  return value === 'auto' ? 'auto' : value === 'true';
}

export function shorten(value: string): string {
  return value.length > 80 ? `${value.slice(0, 77)}…` : value;
}

/** `auto` by the event, and never a mode that leaves nodes behind: that is asked for by its name. */
export function modeOf(value: string, env: InputSource['env'], bad: Bad): RunMode {
  const found = value === 'auto' ? modeOfEvent(env.GITHUB_EVENT_NAME) : MODE_NAMES.find((mode) => mode === value);
  if (found && isRunMode(found)) return found;
  if (value !== 'auto') bad('mode', value, ['auto', ...MODE_NAMES].join(', '));
  return DEFAULT_MODE;
}

export function patternOf(value: string, mode: RunMode, bad: Bad): 1 | 3 {
  if (value === '') return MODES[mode].pattern;
  if (value !== '1' && value !== '3') bad('pattern', value, '1 or 3');
  return value === '1' ? 1 : 3;
}

/** Milliseconds, or null for `never`. A lease in the cluster counts whole seconds. */
export function expiryOf(value: string, bad: Bad): number | null {
  if (value === 'never') return null;
  const ms = parseDuration(value);
  if (ms === undefined || ms < 60_000 || ms > 90 * 86_400_000) {
    bad('expires-in', value, 'never, or a duration from 1m to 2160h, such as 2h');
  }
  return ms ?? null;
}

/** Empty for no GitHub Deployment. */
export function environmentOf(value: string, bad: Bad): string {
  if (value === 'none') return '';
  if (!/^[\w.][\w ./-]{0,99}$/.test(value)) bad('environment', value, 'none, or a name such as tpu-serving');
  return value;
}
