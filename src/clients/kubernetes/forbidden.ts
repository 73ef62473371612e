import { Failure } from '../../lib/failure.ts';

/** What `read` returns; null where the identity may not read it. */
export async function unlessForbidden<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Failure && error.code === 'kube-permission') return null;
    throw error;
  }
}
