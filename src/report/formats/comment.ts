import { renderComment } from '../comment/comment.ts';
import { linksOf } from '../money.ts';
import { always, type Format } from './format.ts';

/** The comment on the pull request, without the results of earlier commits. */
export const commentFormat: Format = {
  name: 'comment',
  file: 'comment.md',
  applies: always,
  render: (report, { commentId }) => `${renderComment(report, { id: commentId, reportLinks: linksOf(report) })}\n`,
};
