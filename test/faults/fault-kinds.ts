import type { Fault } from './proxy.ts';

/** A 200 with another body than the server's. */
const garbage = (text: string, times: number): Fault => ({
  kind: 'garbage',
  status: 200,
  type: 'application/json',
  text,
  times,
});

/** What may happen to each request of a lease and its release. */
export const LEASE_FAULTS: Record<string, Fault> = {
  reset: { kind: 'reset', times: 1 },
  'network-cut': { kind: 'reset', times: 12 },
  'lost-reply': { kind: 'lost-reply' },
  hang: { kind: 'hang' },
  '401': { kind: 'status', status: 401, times: 1 },
  // Longer than the client tries: a release has to go on asking.
  '401-burst': { kind: 'status', status: 401, times: 30 },
  '404': { kind: 'status', status: 404, times: 1 },
  '429': { kind: 'status', status: 429, times: 2 },
  '500': { kind: 'status', status: 500, times: 1 },
  '502': { kind: 'status', status: 502, times: 1 },
  '503-burst': { kind: 'status', status: 503, times: 4 },
  'long-outage': { kind: 'status', status: 503, times: 40 },
  // A 200 with another body: of a token endpoint, of the Container API, and while the nodes are counted.
  'empty-object': garbage('{}', 1),
  'empty-list': garbage('[]', 1),
  'odd-answers': garbage('{"items":{},"status":null}', 6),
  'cut-answer': garbage('{"kind":"Li', 2),
  'null-outage': garbage('null', 30),
  'no-json': garbage('<html>Sign in</html>', 2),
  kill: { kind: 'kill', before: true },
  'kill-after': { kind: 'kill', before: false },
  interrupt: { kind: 'interrupt' },
};
