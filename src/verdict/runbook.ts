import { upTo } from '../lib/number.ts';
import type { Finding, RunbookFigures, RunbookRow } from '../report/model.ts';

/** The runbook's two measurements and what it records for them; nobody has kept data behind the recorded rates. */
export const RUNBOOK = {
  serial: { requests: 20, concurrency: 1, recordedOneReplica: 1.89, recordedTarget: '5.4–5.7 req/s' },
  parallel: { requests: 100, concurrency: 10, recordedOneReplica: 7.5, recordedTarget: '20–22 req/s' },
} as const;

export interface RunbookMeasurement {
  completed: number;
  /** From the first send to the last answer. */
  seconds: number;
}

/** The runbook's own figures from a run of its requests: shown beside the verdict, never part of it. */
export function runbookFigures(
  measured: { serial: RunbookMeasurement; parallel: RunbookMeasurement },
  replicas: number,
): RunbookFigures {
  return {
    serial: rowOf('serial', measured.serial),
    parallel: rowOf('parallel', measured.parallel),
    note:
      'Not part of the verdict. One request at a time keeps one replica busy and the others idle, so more replicas ' +
      'cannot raise the serial rate; its target is out of reach by construction. Ten requests at a time over ' +
      `${replicas} replicas load each less than ten on one, so the parallel rates do not compare either. The recorded ` +
      'rates are constants without raw data.',
  };
}

/** Ten requests at a time over several replicas are faster than one, however slow they are. */
const LEAST_GAIN = 1.2;

/** What of the figures cannot be: the runbook's own summary showed one rate for both, from one variable. */
export function runbookFindings({ serial, parallel }: RunbookFigures, replicas: number): Finding[] {
  if (replicas < 2 || !(serial.requestsPerSecond > 0) || parallel.requestsPerSecond <= 0) return [];
  const gain = parallel.requestsPerSecond / serial.requestsPerSecond;
  if (gain >= LEAST_GAIN) return [];
  const message =
    `Ten requests at a time are answered at ${upTo(parallel.requestsPerSecond, 2)} per second and one at a time at ` +
    `${upTo(serial.requestsPerSecond, 2)}: something serves them one after another, or both figures are one.`;
  return [{ id: 'serial-equals-parallel', message }];
}

function rowOf(kind: 'serial' | 'parallel', measured: RunbookMeasurement): RunbookRow {
  return {
    ...RUNBOOK[kind],
    completed: measured.completed,
    seconds: measured.seconds,
    requestsPerSecond: measured.seconds > 0 ? measured.completed / measured.seconds : 0,
  };
}
