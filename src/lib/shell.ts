/** A word for a POSIX shell: as it is where no shell would change it, else in single quotes. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** A command line whose words a shell reads as they are. */
export function shellLine(...words: readonly string[]): string {
  return words.map(shellWord).join(' ');
}
