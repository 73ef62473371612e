/** Requests of Node's file system that a thread still works on, by the names of Node's resources. */
const FILE_REQUEST = /^FSReq/;

/** The last lines that were written, and whether stdout has lost a write. */
const output = { kept: [] as string[], isLost: false };
const MOST_KEPT = 50;

/**
 * Keeps a line of the log: if stdout is closed or its disk is full, `exitProcess` writes the last 50 lines to stderr. The
 * command that releases nodes by hand is among them.
 */
export function keepForStderr(line: string): void {
  output.kept.push(line);
  if (output.kept.length > MOST_KEPT) output.kept.shift();
}

/**
 * Ignores a reader of stdout or stderr that has gone: the run and its release do not depend on who reads the log. A file
 * that reaches the limit on its size is an error of the write (EFBIG), and does not end the process.
 */
export function ignoreClosedOutput(): void {
  process.stdout.on('error', () => {
    output.isLost = true;
  });
  process.stderr.on('error', () => {});
  process.on('SIGXFSZ', () => {});
}

/**
 * Ends the process once stdout is flushed. Node joins its threads at exit, and one that waits for a dead network share or
 * a FIFO never ends: then another program takes the place of this one, with the same exit code.
 */
export function exitProcess(code: number): void {
  let isEnding = false;
  const end = () => {
    if (isEnding) return;
    isEnding = true;
    if (output.isLost) for (const line of output.kept) process.stderr.write(`${line}\n`);
    const isStuck = process.getActiveResourcesInfo().some((name) => FILE_REQUEST.test(name));
    if (isStuck && process.platform !== 'win32') process.execve?.('/bin/sh', ['sh', '-c', `exit ${code}`], {});
    process.exit(code);
  };
  // A pipe that nobody reads would never be flushed.
  setTimeout(end, 2_000).unref();
  // The error of an earlier write comes in a turn of its own.
  process.stdout.write('', () => setImmediate(end));
}
