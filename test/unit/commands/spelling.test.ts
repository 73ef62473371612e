import { describe, expect, it } from 'vitest';
import { asFlags, spelled } from '../../../src/commands/spelling.ts';

describe('a sentence about inputs, on the command line', () => {
  it.each([
    ['Input "cluster" is missing; give the name.', '--cluster is missing; give the name.'],
    ['Input "locaton" is not known; did you mean "location"?', '--locaton is not known; did you mean --location?'],
    ['Input "namespace" is "gateway"; allowed: a name.', '--namespace is "gateway"; allowed: a name.'],
    [
      'Input "reuse" is "auto", which needs "history-branch": the branch.',
      '--reuse is "auto", which needs --history-branch: the branch.',
    ],
    [
      'Inputs "cluster" and "node-pool" contradict each other; give only "cluster".',
      '--cluster and --node-pool contradict each other; give only --cluster.',
    ],
    ['By default ("max-cost: auto") it may.', 'By default (--max-cost auto) it may.'],
    ['add "permissions: id-token: write" to the job', 'add "permissions: id-token: write" to the job'],
  ])('%j', (sentence, spelt) => {
    expect(asFlags(sentence)).toBe(spelt);
  });

  it('keeps quoted names in a log that may be text of a cluster', () => {
    expect(
      spelled('container "gateway" of pod x; set "nodes" to 3; the input "slo"; (inputs `timeout`, `max-cost`)'),
    ).toBe('container "gateway" of pod x; set --nodes to 3; --slo; (--timeout, --max-cost)');
  });
});
