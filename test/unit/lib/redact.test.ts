import { describe, expect, it } from 'vitest';
import { createRedactor, redactSecrets } from '../../../src/lib/redact.ts';

const JWT = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;

describe('text without credentials', () => {
  it.each([
    ['token hf_abcdefghijklmnopqrst used', 'token *** used'],
    ['ghs_abcdefghijklmnopqrstuvwxyz0123456789', '***'],
    ['github_pat_11ABCDEFG0123456789_abcdef', '***'],
    ['ya29.c.b0Aaekm1KabcdefGHIJKL', '***'],
    [`jwt ${JWT}.`, 'jwt ***.'],
    ['key AKIAIOSFODNN7EXAMPLE.', 'key ***.'],
    ['sk-proj-abcdefghijklmnopqrstuvwxyz012345', '***'],
    ['sk-ant-api03-abcdefghijklmnopqrstuv-xyz', '***'],
    ['xoxb-1234567890-abcdefghij', '***'],
    ['glpat-abcdefghijklmnopqrst', '***'],
    [`npm_${'a1'.repeat(18)}`, '***'],
    ['dckr_pat_abcdefghijklmnopqrstuvwxyz0', '***'],
    [`pypi-${'Ag'.repeat(20)}`, '***'],
    ['{"auths":{"quay.io":{"auth":"cm9ib3Q6c2VjcmV0"}}}', '{"auths":{"quay.io":{"auth":"***"}}}'],
    ['Authorization: Bearer abcdefgh12345678', 'Authorization: Bearer ***'],
    ['pull https://robot:s3cr3tpassword@quay.io/v2', 'pull https://robot:***@quay.io/v2'],
    ['{"password": "correct-horse-battery"}', '{"password": "***"}'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nrest', '***\nrest'],
    ['-----BEGIN PRIVATE KEY-----\nMIIE, cut off', '***'],
  ])('%j becomes %j', (text, shown) => {
    expect(redactSecrets(text)).toBe(shown);
  });

  it.each([
    'secret "hf-token" not found',
    "couldn't find key token in Secret ns/hf-token",
    'num_tokens: 512',
    'sk-learn and task-runner',
    'auth: none',
    'the npm_config_cache of npm_lifecycle_event',
    'error: unrecognized arguments: --max-tokens=16',
    'https://huggingface.co/Qwen/Qwen2.5-3B-Instruct',
    'http://10.8.0.4:8000/health',
    'pod/qwen2-3b-pattern3-kserve-66d45749bd-9l665',
  ])('%j stays as it is', (text) => {
    expect(redactSecrets(text)).toBe(text);
  });

  it('takes time that grows with its length alone', () => {
    const started = performance.now();
    redactSecrets(`${'://'.repeat(200_000)}${'token='.repeat(100_000)}`);
    redactSecrets(`${'a'.repeat(2_000_000)}@`);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});

describe('a redactor', () => {
  it('blanks what was registered, a longer secret before one that is a part of it', () => {
    const { register, redact } = createRedactor();
    expect([register('part-of-it'), register('all, with part-of-it, whole')]).toEqual([true, true]);
    expect(redact('a part-of-it b all, with part-of-it, whole c')).toBe('a *** b *** c');
  });

  it('takes each secret once, and none that is too short', () => {
    const { register, redact } = createRedactor();
    expect(['', '1234567', '12345678', '12345678'].map(register)).toEqual([false, false, true, false]);
    expect(redact('1234567 12345678')).toBe('1234567 ***');
  });
});
