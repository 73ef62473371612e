/** The seed runbook's own 20 serial and 100 parallel requests at concurrency 10, measured properly. */
export interface RunbookFigures {
  serial: RunbookRow;
  parallel: RunbookRow;
  note: string;
}

export interface RunbookRow {
  requests: number;
  concurrency: number;
  completed: number;
  seconds: number;
  requestsPerSecond: number;
  /** Recorded in the runbook for one replica; constants without raw data. */
  recordedOneReplica: number;
  /** The runbook's target for three replicas. */
  recordedTarget: string;
}
