import { Failure } from '../../lib/failure.ts';
import type { Expected, QualityTask, TaskMessage } from '../../quality/task.ts';
import { readWorkspaceFile } from './workspace-file.ts';

const MOST_BYTES = 4 * 1024 * 1024;
const MOST_TASKS = 2_000;
const MOST_CHARACTERS = 32_768;
const MOST_TOKENS = 1_024;
const USUAL_TOKENS = 96;
const ROLES: readonly unknown[] = ['system', 'user', 'assistant'] satisfies TaskMessage['role'][];

/**
 * The user's own tasks, from a JSON Lines file of the workspace, empty lines left out. Each has `prompt` or `messages`, and
 * `expected` or `expectedJson`; `maxTokens` is optional. Throws a Failure (`bad-quality-tasks`) that names the first line
 * that is wrong and its fault; a file outside of the workspace, a link out of it included, is refused.
 */
export async function readQualityTasks(options: { path: string; root: string }): Promise<QualityTask[]> {
  const { path } = options;
  const text = await readWorkspaceFile({ input: 'quality-tasks', ...options, mostBytes: MOST_BYTES, refused });
  const tasks: QualityTask[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    const task = taskOf(line, index + 1);
    if (typeof task === 'string') throw refused(`${path}: line ${index + 1} ${task}.`);
    tasks.push(task);
    if (tasks.length > MOST_TASKS) throw refused(`${path} holds more than ${MOST_TASKS} tasks.`);
  }
  if (tasks.length === 0) throw refused(`${path} holds no task.`);
  return tasks;
}

/** The task of a line, or what is wrong with it. */
function taskOf(line: string, number: number): QualityTask | string {
  const fields = objectOf(line);
  if (fields === null) return 'is not a JSON object';
  const messages = messagesOf(fields);
  if (typeof messages === 'string') return messages;
  const expected = expectedOf(fields);
  if (typeof expected === 'string') return expected;
  const { maxTokens = USUAL_TOKENS } = fields;
  if (!Number.isInteger(maxTokens) || Number(maxTokens) < 1 || Number(maxTokens) > MOST_TOKENS) {
    return `has a "maxTokens" that is not a whole number from 1 to ${MOST_TOKENS}`;
  }
  return { id: `line-${number}`, kind: 'own', messages, expected, maxTokens: Number(maxTokens) };
}

function objectOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === 'object' && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}

function messagesOf({ prompt, messages }: Record<string, unknown>): TaskMessage[] | string {
  if ((prompt === undefined) === (messages === undefined)) return 'needs either "prompt" or "messages"';
  if (prompt !== undefined) {
    const problem = textProblem(prompt);
    return problem ? `has a "prompt" that ${problem}` : [{ role: 'user', content: prompt as string }];
  }
  if (!Array.isArray(messages) || messages.length === 0) return 'has "messages" that are not a list with an entry';
  const wrong = messages.findIndex((each: { role?: unknown; content?: unknown } | null) => {
    return !ROLES.includes(each?.role) || textProblem(each?.content) !== null;
  });
  if (wrong >= 0) {
    return `has a message ${wrong + 1} without a role (system, user, assistant) or a content of at most ${MOST_CHARACTERS} characters`;
  }
  return messages.map(({ role, content }: TaskMessage) => ({ role, content }));
}

function expectedOf({ expected, expectedJson }: Record<string, unknown>): Expected | string {
  if ((expected === undefined) === (expectedJson === undefined)) return 'needs either "expected" or "expectedJson"';
  if (expectedJson !== undefined) return { json: expectedJson };
  const texts: unknown[] = Array.isArray(expected) ? expected : [expected];
  const isText = (each: unknown) => typeof each === 'number' || textProblem(each) === null;
  if (texts.length === 0 || !texts.every(isText)) {
    return `has an "expected" that is not a text, a number or a list of them, of at most ${MOST_CHARACTERS} characters each`;
  }
  return { texts: texts.map(String) };
}

function textProblem(value: unknown): string | null {
  if (typeof value !== 'string') return 'is not a text';
  if (value.trim() === '') return 'is empty';
  return value.length > MOST_CHARACTERS ? `has more than ${MOST_CHARACTERS} characters` : null;
}

function refused(message: string): Failure {
  return new Failure({
    stage: 'preflight',
    code: 'bad-quality-tasks',
    message,
    hint: 'Give a file of JSON Lines such as {"prompt": "How much is 2 + 3?", "expected": "5"}, or leave "quality-tasks" out for the built-in tasks.',
  });
}
