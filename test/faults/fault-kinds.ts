import type { Fault } from './proxy.ts';

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
  'empty-object': { kind: 'body', text: '{}', times: 1 },
  'empty-list': { kind: 'body', text: '[]', times: 1 },
  'odd-answers': { kind: 'body', text: '{"items":{},"status":null}', times: 6 },
  'cut-answer': { kind: 'body', text: '{"kind":"Li', times: 2 },
  'null-outage': { kind: 'body', text: 'null', times: 30 },
  'no-json': { kind: 'body', text: '<html>Sign in</html>', times: 2 },
  kill: { kind: 'kill', before: true },
  'kill-after': { kind: 'kill', before: false },
  interrupt: { kind: 'interrupt' },
};
