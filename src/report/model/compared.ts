/** Two runs side by side: B against A. */
export interface Comparison {
  /** Speedup of B over that of A with 95 % limits; null when one of them does not count. */
  speedup: { ratio: number; low: number; high: number } | null;
  /** `B/A` of single figures, without limits: they are of different days. */
  figures: {
    name: string;
    a: number | null;
    b: number | null;
    /** What the figure was held against in both runs; empty where there is nothing. */
    limits: number[];
  }[];
  /** What else differs: images, machines, versions. */
  changes: { name: string; a: string; b: string }[];
  /** Why the speedups are not compared, if they are not. */
  problem: string | null;
}
