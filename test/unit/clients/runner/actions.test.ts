import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createActionsIo } from '../../../../src/clients/runner/actions.ts';

const written: string[] = [];
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
});
afterEach(() => {
  vi.restoreAllMocks();
  written.length = 0;
});

it('blanks in files what the runner masks in the log', () => {
  const io = createActionsIo({});
  io.mask('ya29.token-of-the-run');
  io.mask('ya29.token-of-the-run');
  expect(written).toEqual(['::add-mask::ya29.token-of-the-run\n']);
  expect(io.redact('a ya29.token-of-the-run b ya29.token-of-the-run')).toBe('a *** b ***');
});

it('neither masks nor blanks what is too short to be a secret', () => {
  const io = createActionsIo({});
  io.mask('');
  io.mask('true');
  expect(written).toEqual([]);
  expect(io.redact('it is true')).toBe('it is true');
});

it('warns of a summary that cannot be written, so that what follows it is still reported', () => {
  const io = createActionsIo({ GITHUB_STEP_SUMMARY: '/dev/full' });
  io.appendSummary('a summary');
  expect(written.join('')).toMatch(/^::warning::The summary was not written: .*ENOSPC/);
});
