import { describe, expect, it } from 'vitest';
import { checkSize } from '../../../../src/stages/preflight/pool-size.ts';

const SIZES = { nodes: 3, restingNodes: 0, sizeBefore: 0, maxNodes: 8 };

describe('the size of a pool', () => {
  it.each([{}, { nodes: 8 }, { restingNodes: 8 }, { restingNodes: 20, sizeBefore: 20 }, { nodes: 9, maxNodes: 9 }])(
    'may be %j',
    (change) => {
      expect(() => checkSize({ ...SIZES, ...change }, 'v6e')).not.toThrow();
    },
  );

  it('is never what 300 replicas ask for', () => {
    expect(() => checkSize({ ...SIZES, nodes: 300 }, 'v6e')).toThrow(
      expect.objectContaining({
        stage: 'preflight',
        code: 'too-many-nodes',
        message: 'The run would ask node pool v6e for 300 nodes, and "max-nodes" allows 8.',
      }),
    );
  });

  it('does not grow by its rest either', () => {
    expect(() => checkSize({ ...SIZES, restingNodes: 300, sizeBefore: 3 }, 'v6e')).toThrow(
      'After the run node pool v6e would be set to 300 nodes, and "max-nodes" allows 8.',
    );
  });
});
