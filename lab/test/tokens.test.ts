import { describe, expect, it } from 'vitest';
import { issueToken, verifyToken } from '../tokens.ts';

describe('an access token of the lab', () => {
  it('is valid with its secret until it expires, however often it was valid before', () => {
    const claims = { subject: 'gate@lab', expiresAt: 1_000 };
    const token = issueToken('secret', claims);
    for (const _ of [1, 2]) {
      expect(verifyToken('secret', token, 999)).toEqual(claims);
      expect(verifyToken('secret', token, 1_000)).toBeNull();
      expect(verifyToken('another', token, 999)).toBeNull();
      expect(verifyToken('secret', token.slice(0, -1), 999)).toBeNull();
    }
  });
});
