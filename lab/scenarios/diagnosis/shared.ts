import type { DiagnosisScenario, Expectation } from '../types.ts';

export const NAMESPACE = 'llm-d-inference-scheduling';
export const GATEWAY = { namespace: 'opendatahub', name: 'inference-gateway' };
/** Milliseconds of wall time that a hopeless wait may take in the lab. */
export const SHORT = ['--ready-timeout=6s'];

export const error = (cause: string): Expectation => ({ exitCode: 2, verdict: 'error', cause });
export const fail = (cause: string): Expectation => ({ exitCode: 1, verdict: 'fail', cause });

/** A fault with its cause, which ends the run in an error unless it is said otherwise. */
export const scenario = (
  name: string,
  summary: string,
  cause: string,
  faults: Omit<DiagnosisScenario, 'name' | 'summary' | 'expect'> & { expect?: Expectation },
): DiagnosisScenario => ({ name, summary, expect: error(cause), ...faults });

/** Pattern 3 with these words of its service replaced. */
export const manifest = (
  name: string,
  summary: string,
  cause: string,
  ...replace: [string, string][]
): DiagnosisScenario => scenario(name, summary, cause, { manifests: { replace } });

/** A container that writes its last words and ends, each time alike. */
export interface Crash {
  name: string;
  summary: string;
  cause: string;
  says: readonly string[];
  /** 1 unless given. */
  exitCode?: number;
  /** What the comment must show; the last of `says` unless given. */
  shows?: string;
  remedy?: string;
  outside?: true;
}

/** Faults of one container by its last words. */
export function crashes(
  where: 'replica' | 'endpoint-picker',
  container: string,
  rows: readonly Crash[],
): DiagnosisScenario[] {
  return rows.map(({ name, summary, cause, says, exitCode = 1, shows, remedy, outside }) =>
    scenario(name, summary, cause, {
      cluster: { containers: [{ in: where, container, says, ends: { exitCode } }] },
      shows: [shows ?? says.at(-1) ?? ''],
      ...(remedy === undefined ? {} : { remedy }),
      ...(outside ? { outside } : {}),
    }),
  );
}
