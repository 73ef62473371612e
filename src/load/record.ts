import type { RequestRecord, Response } from './types.ts';

/** The response is nobody else's, and there are thousands a second: it becomes the record itself. */
export function asRecord(
  response: Response,
  { arm, block }: Pick<RequestRecord, 'arm' | 'block'>,
  intendedMs: number,
): RequestRecord {
  const record = response as RequestRecord;
  record.arm = arm;
  record.block = block;
  record.intendedMs = intendedMs;
  return record;
}
