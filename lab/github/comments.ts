/** The issue comments of the repository's pull requests. */
export interface Comment {
  id: number;
  pullRequest: number;
  author: string;
  body: string;
  /** How often the body was replaced. */
  edits: number;
  minimized: boolean;
  createdAt: string;
  updatedAt: string;
}

export interface Comments {
  /** Oldest first, as GitHub lists them. */
  of(pullRequest: number): Comment[];
  all(): Comment[];
  get(id: number): Comment | undefined;
  add(comment: Pick<Comment, 'pullRequest' | 'author' | 'body' | 'minimized'>): Comment;
  edit(comment: Comment, body: string): void;
  remove(comment: Comment): void;
}

const FIRST_ID = 3_100_000_001;

/** After each write the first `staleReads` lists are those of before it. */
export function createComments(staleReads = 0): Comments {
  const comments = new Map<number, Comment>();
  let nextId = FIRST_ID;
  let past: Comment[] = [];
  let stale = 0;
  const writing = () => {
    past = [...comments.values()].map((comment) => ({ ...comment }));
    stale = staleReads;
  };
  return {
    of(pullRequest) {
      const listed = stale > 0 ? past : [...comments.values()];
      stale = Math.max(0, stale - 1);
      return listed.filter((comment) => comment.pullRequest === pullRequest);
    },
    all: () => [...comments.values()],
    get: (id) => comments.get(id),
    add(given) {
      writing();
      const now = timestamp();
      const comment = { ...given, id: nextId, edits: 0, createdAt: now, updatedAt: now };
      nextId += 1;
      comments.set(comment.id, comment);
      return comment;
    },
    edit(comment, body) {
      writing();
      comment.body = body;
      comment.edits += 1;
      comment.updatedAt = timestamp();
    },
    remove(comment) {
      writing();
      comments.delete(comment.id);
    },
  };
}

/** GitHub's times have whole seconds. */
function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
