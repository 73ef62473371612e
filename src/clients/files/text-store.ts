/** Text files that several writers keep together: a folder, or a branch of a repository. */
export interface TextStore {
  /** The files in a folder as they are at one moment, by path; none when there is no such folder. */
  read(folder: string): Promise<ReadonlyMap<string, string>>;
  /** Names of what lies in a folder, in alphabetical order; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /**
   * Rewrites files from what is in them, `''` for a new one, all at once where the store can. A change must be pure: it
   * is asked again when another writer was faster.
   */
  update(changes: ReadonlyMap<string, (before: string) => string>, message: string): Promise<void>;
}
