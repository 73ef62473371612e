import { spawnSync } from 'node:child_process';

export const HOW_TO_GET_PYTHON = 'They need python3 on the PATH.';

/** Whether a pseudo-terminal can be had. */
export function hasPython(): boolean {
  return spawnSync('python3', ['-c', 'import pty, fcntl, termios']).status === 0;
}
