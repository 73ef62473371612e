/** `summary`: the job summary, with room for everything; `comment`: the pull request, where whole sections may go. */
export type Detail = 'comment' | 'summary';

/** A fold. `summary` is HTML and states the result; `body` is Markdown. */
export interface Section {
  /** The word by which a dropped section is named. */
  name: string;
  summary: string;
  body: string;
  open: boolean;
}
