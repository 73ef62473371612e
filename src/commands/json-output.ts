/** Where a command with a flag `--json` writes. */
export interface Output {
  /** A line for a reader, without the flag on stdout, with it on stderr. */
  say(line: string): void;
  /** The result, which is all that stdout has with the flag. Does nothing without it. */
  result(value: unknown): void;
}

/** `write` writes a line to stdout. */
export function createOutput(isJson: boolean, write: (line: string) => void): Output {
  if (!isJson) return { say: write, result: () => {} };
  return {
    say: (line) => void process.stderr.write(`${line}\n`),
    result: (value) => write(JSON.stringify(value, null, 2)),
  };
}
