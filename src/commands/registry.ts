import type { Command } from './command.ts';
import { COMPLETION } from './definitions/completion.ts';
import { DOCTOR } from './definitions/doctor.ts';
import { HISTORY, PAGE } from './definitions/history.ts';
import { INIT } from './definitions/init.ts';
import { LAB, LAB_PROCESS, REHEARSE } from './definitions/lab.ts';
import { COMPARE, REPORT } from './definitions/report.ts';
import { RUN } from './definitions/run.ts';
import { CLEANUP, SWEEP } from './definitions/sweep.ts';

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  INIT,
  DOCTOR,
  RUN,
  SWEEP,
  CLEANUP,
  REPORT,
  COMPARE,
  HISTORY,
  PAGE,
  REHEARSE,
  LAB,
  COMPLETION,
  LAB_PROCESS,
];
