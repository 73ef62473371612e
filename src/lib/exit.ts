/** Requests of Node's file system that a thread still works on, by the names of Node's resources. */
const FILE_REQUEST = /^FSReq/;

/**
 * Ignores a reader of stdout or stderr that has gone: the run and its release do not depend on who reads the log. A file
 * that reaches the limit on its size is an error of the write (EFBIG), and does not end the process.
 */
export function ignoreClosedOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  process.on('SIGXFSZ', () => {});
}

/**
 * Ends the process once stdout is flushed. Node joins its threads at exit, and one that waits for a dead network share or
 * a FIFO never ends: then another program takes the place of this one, with the same exit code.
 */
export function exitProcess(code: number): void {
  const end = () => {
    const isStuck = process.getActiveResourcesInfo().some((name) => FILE_REQUEST.test(name));
    if (isStuck && process.platform !== 'win32') process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
    process.exit(code);
  };
  // A pipe that nobody reads would never be flushed.
  setTimeout(end, 2_000).unref();
  process.stdout.write('', end);
}
