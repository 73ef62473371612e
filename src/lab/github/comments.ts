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

export function createComments(): Comments {
  const comments = new Map<number, Comment>();
  let nextId = FIRST_ID;
  return {
    of: (pullRequest) => [...comments.values()].filter((comment) => comment.pullRequest === pullRequest),
    all: () => [...comments.values()],
    get: (id) => comments.get(id),
    add(given) {
      const now = timestamp();
      const comment = { ...given, id: nextId, edits: 0, createdAt: now, updatedAt: now };
      nextId += 1;
      comments.set(comment.id, comment);
      return comment;
    },
    edit(comment, body) {
      comment.body = body;
      comment.edits += 1;
      comment.updatedAt = timestamp();
    },
    remove(comment) {
      comments.delete(comment.id);
    },
  };
}

/** GitHub's times have whole seconds. */
function timestamp(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
