/** Where the text of inputs comes from: variables of the runner, or flags of the command line. */
export interface InputSource {
  /** Raw text of an input by its canonical or alias name; undefined or empty when not given. */
  get(name: string): string | undefined;
  /** Every name that the user gave, to find near misses. */
  given: string[];
  env: Readonly<Record<string, string | undefined>>;
}
