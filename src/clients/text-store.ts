/** Text files that several writers keep together: a folder, or a branch of a repository. */
export interface TextStore {
  /** Paths of the files in a folder; none when there is no such folder. */
  list(folder: string): Promise<string[]>;
  /** The file's text, or null when there is none. */
  read(path: string): Promise<string | null>;
  /**
   * Rewrites files from what is in them, `''` for a new one, all at once where the store can. A change must be pure: it
   * is asked again when another writer was faster.
   */
  update(changes: ReadonlyMap<string, (before: string) => string>, message: string): Promise<void>;
}
