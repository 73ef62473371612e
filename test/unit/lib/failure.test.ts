import { describe, expect, it } from 'vitest';
import { atStage, errorText, Failure, isAbort, toFailure } from '../../../src/lib/failure.ts';

function coded(message: string, code: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('errorText', () => {
  it.each<[string, unknown, string]>([
    ['an error', new Error('no route'), 'no route'],
    ['a string', 'stopped', 'stopped'],
    ['nothing', undefined, 'undefined'],
    [
      'a cause with a code',
      new TypeError('fetch failed', { cause: coded('connect ECONNREFUSED 127.0.0.1:1', 'ECONNREFUSED') }),
      'fetch failed (ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1)',
    ],
    ['a cause without a code', new Error('failed', { cause: new Error('why') }), 'failed (why)'],
    ['a cause that says the same', new Error('failed', { cause: new Error('failed') }), 'failed'],
    ['a cause that is no error', new Error('failed', { cause: 'why' }), 'failed'],
  ])('tells %s', (_, error, text) => {
    expect(errorText(error)).toBe(text);
  });

  it('names an error that has no text', () => {
    const happyEyeballs = Object.assign(new AggregateError([coded('connect ECONNREFUSED ::1:1', 'ECONNREFUSED')]), {
      code: 'ECONNREFUSED',
    });
    expect(errorText(happyEyeballs)).toBe('ECONNREFUSED');
    expect(errorText(new TypeError(''))).toBe('TypeError');
  });
});

describe('a failure', () => {
  const failure = new Failure({
    stage: 'preflight',
    code: 'gke-not-found',
    message: 'Cluster x was not found.',
    hint: 'Check "cluster".',
    blame: 'config',
    cause: new Error('404'),
    evidence: { grpcCode: 5 },
  });

  it('passes through where it is expected', () => {
    expect(toFailure(failure, 'verify')).toBe(failure);
    expect(atStage(failure, 'preflight')).toBe(failure);
  });

  it('is told of another stage without losing anything', () => {
    expect(atStage(failure, 'release')).toMatchObject({ ...failure, stage: 'release' });
    expect(atStage(failure, 'release').message).toBe('Cluster x was not found.');
    expect(atStage(failure, 'release').cause).toBe(failure.cause);
  });

  it('is made of any thrown value', () => {
    const made = atStage('boom', 'deploy');
    expect(made).toMatchObject({ stage: 'deploy', code: 'unexpected', message: 'boom', blame: 'gate' });
    expect(made.hint).toBeUndefined();
  });
});

describe('isAbort', () => {
  it('knows an aborted signal from a timeout', () => {
    expect(isAbort(AbortSignal.abort().reason)).toBe(true);
    expect(isAbort(new DOMException('late', 'TimeoutError'))).toBe(false);
    expect(isAbort('AbortError')).toBe(false);
  });
});
