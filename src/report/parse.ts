import { Failure } from '../lib/failure.ts';
import { DEFAULT_MODE, isRunMode, MODE_NAMES } from '../lib/modes.ts';
import { isVerdict } from '../lib/verdicts.ts';
import type { Report } from './model.ts';

const SCHEMA: Report['schema'] = 'tpu-serving-gate/report/v1';
const OBJECTS = ['tool', 'run', 'target', 'plan', 'environment'] as const;
const LISTS = ['reasons', 'stages', 'pods', 'checks'] as const;

/**
 * Reads a result.json back. The file was written by this action in the same job, so its outline is checked, not every
 * field. Throws a Failure (`result-unreadable`) when it is not a report of this version.
 */
export function parseReport(text: string): Report {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable('it is not JSON', cause);
  }
  if (!isObject(value)) throw unreadable('it is not a JSON object');
  if (value.schema !== SCHEMA) throw unreadable(`its schema is ${JSON.stringify(value.schema)}, wanted "${SCHEMA}"`);
  if (!isVerdict(value.verdict)) throw unreadable('it has no verdict');
  if (value.mode !== undefined && !MODE_NAMES.some((name) => isRunMode(name) && name === value.mode)) {
    throw unreadable(`its mode is ${JSON.stringify(value.mode)}, which this version does not know`);
  }
  for (const name of OBJECTS) if (!isObject(value[name])) throw unreadable(`"${name}" is missing`);
  for (const name of LISTS) if (!Array.isArray(value[name])) throw unreadable(`"${name}" is missing`);
  // Results of earlier versions have no such fields.
  return { mode: DEFAULT_MODE, preflight: [], sincePass: null, ...value } as unknown as Report;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(why: string, cause?: unknown): Failure {
  return new Failure({
    stage: 'report',
    code: 'result-unreadable',
    message: `The stored result cannot be read: ${why}.`,
    hint: 'The main step was probably killed while it wrote the file; its log is the remaining source.',
    cause,
  });
}
