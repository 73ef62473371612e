import type { Verdict } from '../../lib/verdicts.ts';

/** What a history has of the speedup of the nights before this run. */
export interface Nights {
  /** Name of the series. */
  series: string;
  /** Address of the page of the history, as given; null where it is not known. */
  page: string | null;
  /** In order of time, the newest last; at most 30. */
  nights: Night[];
}

export interface Night {
  /**
   * When its newest run ended.
   * @format date-time
   */
  at: string;
  /** The median of the night's runs. */
  speedup: number;
  /** Of its newest run. */
  verdict: Verdict;
}
