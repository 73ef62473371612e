import { createRandom } from '../../../lab/google/clock.ts';
import type { Fault } from '../proxy.ts';
import type { Server } from '../whole-world.ts';

export type Step = 'main' | 'post' | 'sweep';

/** A time in milliseconds after the step has started. */
interface At {
  atMs: number;
}

/** One thing that goes wrong in one step of a run. */
export type Disturbance =
  /** Requests to a server within a time, of which this share meets the fault. */
  | ({ kind: 'network'; server: Server; forMs: number; share: number; path: string | null; fault: Fault } & At)
  | ({ kind: 'signal'; signal: NodeJS.Signals; group: boolean; times: number } & At)
  /** As GitHub cancels a job: SIGINT, SIGTERM after 7.5 s, SIGKILL after 10 s. */
  | ({ kind: 'cancel' } & At)
  /** The reader of stdout goes away. */
  | ({ kind: 'closed-stdout' } & At)
  | { kind: 'full-stdout' }
  /** Writes of files fail from then on. */
  | ({ kind: 'full-disk'; code: 'ENOSPC' | 'EDQUOT' | 'EIO' } & At)
  /** A file of the runner is a full device. */
  | { kind: 'full-file'; file: 'GITHUB_STATE' | 'GITHUB_OUTPUT' | 'GITHUB_STEP_SUMMARY' }
  | { kind: 'file-limit'; bytes: number }
  /** A FIFO that nobody opens at the other end. */
  | { kind: 'stuck-file'; place: 'folder' | 'result.json' | 'comment.md' | 'manifests' }
  /** The wall clock is ahead by so much, and jumps to other distances. */
  | { kind: 'clock'; aheadMs: number; jumps: { atMs: number; aheadMs: number }[] }
  /** Somebody writes the lease of the pool. */
  | ({ kind: 'lease'; how: 'holder' | 'state' | 'bare' | 'deleted' } & At);

export interface Plan {
  index: number;
  seed: number;
  /** A service account key in place of the job's identity. */
  key: boolean;
  main: Disturbance[];
  post: Disturbance[];
  sweep: Disturbance[];
  /** What becomes of the saved state between main and post. */
  state: 'kept' | 'lost' | 'null' | 'truncated' | 'emptied';
}

type Draw = ReturnType<typeof drawing>;

/** Usual milliseconds of a step that nothing disturbs. */
const USUAL_MS: Record<Step, number> = { main: 12_000, post: 2_500, sweep: 2_000 };

const SIGNALS: readonly NodeJS.Signals[] = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGKILL', 'SIGTERM', 'SIGKILL'] as const),
  ...(['SIGUSR2', 'SIGALRM', 'SIGXCPU', 'SIGPWR', 'SIGPIPE', 'SIGVTALRM'] as const),
];

const SERVERS: readonly Server[] = ['google', 'kube', 'kube', 'google', 'github'];

/** Requests that decide most, by a part of their text, or by its end before `$`; null is any request. */
const PATHS: Record<Server, readonly (string | null)[]> = {
  google: [null, null, '/token', ':setSize', '/operations/', '/nodePools/', 'oidc'],
  kube: [null, null, '/nodes', '/leases', '/pods', '/llminferenceservices', '/apis$'],
  github: [null, '/comments', '/runs/', '/issues'],
};

const GARBAGE: readonly { type: string; text: string }[] = [
  ...['', '{}', '[]', 'null', 'true', '0', '"ok"', '{"items":null}', '{"items":{}}', '{"items":[null]}'].map(json),
  ...[
    '{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,"message":"etcdserver: request timed out"}',
    '{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}',
    '{"error":"invalid_grant","error_description":"no"}',
    '{"kind":"SecretList","apiVersion":"v1","metadata":{},"items":[]}',
    '{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[]}',
    '{"kind":"Lease","apiVersion":"coordination.k8s.io/v1","metadata":{"name":"other"}}',
    '{"name":7,"status":{},"nodePools":"none","initialNodeCount":"three"}',
    '{"access_token":7,"expires_in":"soon"}',
    '{"access_token":"","expires_in":3600}',
    '{"metadata":{"name":"x"},"spec":null,"status":null}',
    '{"a":',
  ].map(json),
  { type: 'text/html', text: '<html><body><h1>502 Bad Gateway</h1></body></html>' },
  { type: 'application/json', text: '\u0000\u0001\u0002' },
];

function json(text: string) {
  return { type: 'application/json', text };
}

/** The plan of one run; the same for the same seed and index. `without` leaves kinds of disturbances out. */
export function planOf(seed: number, index: number, without: readonly string[] = []): Plan {
  const draw = drawing(seed * 100_003 + index);
  const plan: Plan = { index, seed, key: draw.chance(0.2), main: [], post: [], sweep: [], state: 'kept' };
  const count = 1 + draw.upTo(3);
  for (let made = 0; made <= count; made += 1) {
    const where = draw.next();
    const step: Step = where < 0.6 ? 'main' : where < 0.88 ? 'post' : 'sweep';
    const kinds = KINDS.filter(({ only }) => !only || only === step);
    const one = draw.of(kinds).make(draw, USUAL_MS[step], step);
    // Left out once it is drawn, so that the rest of the plan stays the same.
    if (!without.includes(one.kind)) plan[step].push(one);
  }
  if (draw.chance(0.12)) plan.state = draw.of(['lost', 'null', 'truncated', 'emptied'] as const);
  return plan;
}

interface Kind {
  name: Disturbance['kind'];
  only?: Step;
  make(draw: Draw, usualMs: number, step: Step): Disturbance;
}

const NETWORK: Kind = {
  name: 'network',
  make(draw, usualMs) {
    const server = draw.of(SERVERS);
    const isLong = draw.chance(0.15);
    return {
      kind: 'network',
      server,
      atMs: draw.chance(0.3) ? 0 : draw.upTo(usualMs),
      forMs: isLong ? 60_000 : 200 + draw.upTo(6_000),
      share: draw.of([1, 1, 0.5, 0.2]),
      path: draw.of(PATHS[server]),
      fault: faultOf(draw),
    };
  },
};

function faultOf(draw: Draw): Fault {
  const kind = draw.next();
  if (kind < 0.45) return { kind: 'garbage', status: draw.of([200, 200, 200, 201, 500]), ...draw.of(GARBAGE) };
  if (kind < 0.55) return { kind: 'truncated', bytes: draw.of([1, 2, 3, 20, 200]) };
  if (kind < 0.8) {
    return { kind: 'status', status: draw.of([401, 401, 403, 404, 409, 410, 429, 500, 502, 503, 504]), times: 1 };
  }
  if (kind < 0.86) return { kind: 'reset', times: 1 };
  if (kind < 0.91) return { kind: 'hang' };
  if (kind < 0.95) return { kind: 'lost-reply' };
  return { kind: 'cut', ms: 500 + draw.upTo(5_000) };
}

const SIGNAL: Kind = {
  name: 'signal',
  make: (draw, usualMs) => ({
    kind: 'signal',
    signal: draw.of(SIGNALS),
    group: draw.chance(0.5),
    times: draw.of([1, 1, 2, 5]),
    atMs: draw.upTo(usualMs),
  }),
};

const DISK: Kind[] = [
  {
    name: 'full-disk',
    make: (draw, usualMs) => ({
      kind: 'full-disk',
      code: draw.of(['ENOSPC', 'EDQUOT', 'EIO']),
      atMs: draw.chance(0.4) ? 0 : draw.upTo(usualMs),
    }),
  },
  {
    name: 'full-file',
    make: (draw) => ({
      kind: 'full-file',
      file: draw.of(['GITHUB_STATE', 'GITHUB_OUTPUT', 'GITHUB_STEP_SUMMARY']),
    }),
  },
  { name: 'file-limit', make: (draw) => ({ kind: 'file-limit', bytes: draw.of([0, 512, 4_096, 32_768]) }) },
];

const KINDS: readonly Kind[] = [
  ...Array.from({ length: 8 }, () => NETWORK),
  ...Array.from({ length: 3 }, () => SIGNAL),
  { name: 'cancel', only: 'main', make: (draw, usualMs) => ({ kind: 'cancel', atMs: draw.upTo(usualMs) }) },
  { name: 'closed-stdout', make: (draw, usualMs) => ({ kind: 'closed-stdout', atMs: draw.upTo(usualMs) }) },
  { name: 'full-stdout', make: () => ({ kind: 'full-stdout' }) },
  ...DISK,
  {
    name: 'stuck-file',
    make: (draw, _usualMs, step) => ({
      kind: 'stuck-file',
      place: draw.of(
        step === 'main'
          ? (['folder', 'result.json', 'comment.md', 'manifests'] as const)
          : (['result.json', 'comment.md'] as const),
      ),
    }),
  },
  ...Array.from({ length: 2 }, () => ({
    name: 'clock' as const,
    make: (draw: Draw, usualMs: number): Disturbance => ({
      kind: 'clock',
      aheadMs: skew(draw),
      jumps: Array.from({ length: draw.upTo(3) }, () => ({ atMs: draw.upTo(usualMs), aheadMs: skew(draw) })),
    }),
  })),
  ...Array.from({ length: 2 }, () => ({
    name: 'lease' as const,
    make: (draw: Draw, usualMs: number): Disturbance => ({
      kind: 'lease',
      how: draw.of(['holder', 'state', 'bare', 'deleted']),
      atMs: draw.upTo(usualMs),
    }),
  })),
];

/** From some minutes to some hours, before or after the true time. */
function skew(draw: Draw): number {
  const minutes = draw.of([0, 3, 20, 90, 600]);
  return (draw.chance(0.5) ? 1 : -1) * minutes * 60_000;
}

function drawing(seed: number) {
  const random = createRandom(seed);
  const next = () => random.between(0, 1);
  return {
    next,
    chance: (probability: number) => next() < probability,
    /** A whole number from 0 to one less than `limit`. */
    upTo: (limit: number) => Math.min(limit - 1, Math.floor(next() * limit)),
    of: <T>(list: readonly T[]): T => list[Math.min(list.length - 1, Math.floor(next() * list.length))] as T,
  };
}
