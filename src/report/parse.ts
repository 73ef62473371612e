import schema from '../../docs/result.schema.json' with { type: 'json' };
import { fromJson, isMismatch, quoted } from '../lib/decode.ts';
import { Failure } from '../lib/failure.ts';
import { conforming } from '../lib/json-schema.ts';
import { DEFAULT_MODE } from '../lib/modes.ts';
import type { Report } from './model.ts';

const SCHEMA: Report['schema'] = 'tpu-serving-gate/report/v1';

/** Some results have a hundred kilobytes; more would be somebody else's. */
const MOST_CHARACTERS = 8 * 1024 * 1024;

/**
 * Reads a result.json, whoever wrote it: every field is checked against the schema of docs/, which is made from the model,
 * and what the schema does not name is left out. Throws a Failure (`result-unreadable`) that names the first field that
 * does not fit.
 */
export function parseReport(text: string): Report {
  if (text.length > MOST_CHARACTERS) throw unreadable(`it has ${text.length} characters`);
  try {
    const value = fromJson(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw unreadable('it is not a JSON object');
    const { schema: version } = value as { schema?: unknown };
    if (version !== SCHEMA) {
      const seen = typeof version === 'string' ? quoted(version) : 'missing';
      throw unreadable(`its schema is ${seen}, wanted "${SCHEMA}"`);
    }
    // Results of earlier versions have no such fields.
    const whole = { mode: DEFAULT_MODE, preflight: [], sincePass: null, ...value };
    return conforming(schema, whole) as Report;
  } catch (error) {
    if (isMismatch(error)) throw unreadable(error.message);
    throw error;
  }
}

function unreadable(why: string): Failure {
  return new Failure({
    stage: 'report',
    code: 'result-unreadable',
    message: `The stored result cannot be read: ${why}.`,
    hint: 'Give the result.json as the gate wrote it. Where the main step was killed while it wrote, its log is the remaining source.',
    blame: 'config',
  });
}
