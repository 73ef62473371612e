import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { stackRecording } from '../../fixtures/stack.ts';
import { aPod, atReady, crashed } from './evidence.ts';

const { lastWords } = JSON.parse(stackRecording('picker.json')) as {
  lastWords: Record<string, { exitCode: number; line: string; after: number }>;
};

/** What each start that a real picker refused must be put down to. */
const CAUSES: Record<string, { cause: string; says: string }> = {
  'unknown flag': { cause: 'picker.unknown-flag', says: '--no-such-flag' },
  'flag of another version': { cause: 'picker.unknown-flag', says: '--configText' },
  'no pool': { cause: 'picker.no-pool-name', says: '--pool-name' },
  'plugin that is not registered': { cause: 'picker.bad-config', says: 'no-hit-lru-scorer' },
  'reference to no plugin': { cause: 'picker.bad-config', says: 'latency-scorer' },
  'configuration that is no YAML': { cause: 'picker.bad-config', says: 'unexpected end of JSON input' },
};

describe('the last words of a real endpoint picker', () => {
  it.each(Object.entries(CAUSES))('%s', (what, { cause, says }) => {
    const { line, exitCode, after } = lastWords[what]!;
    expect(exitCode).not.toBe(0);
    // The diagnosis reads the last 40 lines.
    expect(after).toBeLessThan(40);
    const pod = aPod('endpoint-picker', [crashed(line)]);
    const found = explain(atReady({ pods: [pod] }, 'crash-loop', { pod: 'endpoint-picker-1', container: 'main' }));
    expect(found?.cause).toBe(cause);
    expect(found?.explanation).toContain(says);
  });
});
