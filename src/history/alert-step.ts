import type { AlertMark } from './alert-mark.ts';

export interface KnownIssue {
  number: number;
  open: boolean;
  /** Closed as not planned: its levels are the new normal. */
  accepted: boolean;
  closedAt: string | null;
  mark: AlertMark;
}

export interface IssueText {
  mark: AlertMark;
  title: string;
  body: string;
}

export type Step =
  | ({ do: 'open' } & IssueText)
  | ({ do: 'update' | 'reopen' | 'close'; number: number; comment: string | null } & IssueText);
