import type { Interval } from './figures.ts';

/** What a verdict rests on. */
export interface VerdictBasis {
  /** SHA-256 of all of it; null where a part is not known. */
  hash: string | null;
  /** Why there is no hash, one sentence; null where there is one. */
  problem: string | null;
  /** Images of the manifests with the digests that they meant before the lease. */
  images: { image: string; digest: string }[];
}

/** The verdict of an earlier run of the same basis. */
export interface ReusedVerdict {
  verdict: 'pass' | 'fail';
  run: {
    /** Page of the workflow run; null where the file that has it is of another repository. */
    url: string | null;
    id: string;
    number: number;
    sha: string | null;
    /** @format date-time */
    finishedAt: string;
  };
  /** As that run measured it. */
  speedup: Pick<Interval, 'value' | 'low' | 'high'>;
  /** Requests per second; null where it is not known. */
  requestsPerSecond: { one: number | null; all: number | null };
  /** Of the basis. */
  hash: string;
}
