/** One question with its right answers. */
export interface QualityTask {
  /** `arithmetic-7`, or the line of a file: `line-12`. */
  id: string;
  kind: 'arithmetic' | 'text' | 'json' | 'own';
  messages: readonly TaskMessage[];
  expected: Expected;
  /** Tokens that an answer may have. */
  maxTokens: number;
}

export interface TaskMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

/** Any of some texts, or a JSON value. */
export type Expected = { texts: readonly string[] } | { json: unknown };

/** Tokens that an answer may have unless a task sets its own: a model that explains itself is cut off there. */
export const USUAL_MAX_TOKENS = 96;
