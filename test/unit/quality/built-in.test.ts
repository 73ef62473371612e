import { describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../src/quality/built-in.ts';
import { answerText, taskRequest } from '../../../src/quality/request.ts';
import { isRight } from '../../../src/quality/score.ts';

const TASKS = builtInTasks();
const textOf = ({ messages }: (typeof TASKS)[number]) => messages.map(({ content }) => content).join('\n');

describe('the built-in tasks', () => {
  it('are three hundred of three kinds, and no two are alike', () => {
    expect(Map.groupBy(TASKS, ({ kind }) => kind).size).toBe(3);
    expect(new Set(TASKS.map(textOf)).size).toBe(300);
    expect(new Set(TASKS.map(({ id }) => id)).size).toBe(300);
  });

  it('follow from the seed alone', () => {
    expect(builtInTasks()).toEqual(TASKS);
    const others = new Set(builtInTasks('another seed').map(textOf));
    expect(TASKS.filter((task) => others.has(textOf(task))).length).toBeLessThan(60);
  });

  it('count the answer that each expects as right, and that of its neighbour as wrong', () => {
    for (const [index, task] of TASKS.entries()) {
      const { expected } = task;
      const [own] = 'texts' in expected ? expected.texts : [JSON.stringify(expected.json)];
      expect(isRight(own ?? '', expected)).toBe(true);
      const next = TASKS[(index + 7) % TASKS.length]?.expected;
      if (next && JSON.stringify(next) !== JSON.stringify(expected)) expect(isRight(own ?? '', next)).toBe(false);
    }
  });

  it('fit into few tokens, question and answer', () => {
    expect(Math.max(...TASKS.map((task) => textOf(task).length))).toBeLessThan(600);
    for (const { expected, maxTokens } of TASKS) expect(JSON.stringify(expected).length / 3).toBeLessThan(maxTokens);
  });
});

describe('the request for a task', () => {
  const [task] = TASKS;
  if (!task) throw new Error('there is no task');

  it('is greedy and has a seed, by chat or by completion', () => {
    const greedy = { temperature: 0, seed: 0, max_tokens: 96, model: 'm' };
    const chat = taskRequest(task, { api: 'chat', model: 'm' });
    expect(chat).toMatchObject({ path: '/v1/chat/completions', body: { ...greedy, messages: task.messages } });
    const completion = taskRequest(task, { api: 'completions', model: 'm' });
    expect(completion).toMatchObject({ path: '/v1/completions', body: greedy });
    expect((completion.body as { prompt: string }).prompt).toMatch(
      /^Question: .*\nAnswer: 10\n\nQuestion: .*\nAnswer:$/s,
    );
  });

  it('leaves a prompt of the user as it is', () => {
    const own = { ...task, kind: 'own' as const };
    const { body } = taskRequest(own, { api: 'completions', model: 'm' });
    expect((body as { prompt: string }).prompt).toBe(textOf(own));
  });

  it.each([
    ['a completion', [{ text: ' 10' }], ' 10'],
    ['a chat', [{ message: { content: '10' } }], '10'],
    // A reasoning parser leaves the content null until the thought ends: a response, and no answer.
    ['a thought without an end', [{ message: { content: null } }], ''],
    ['no choice', [], null],
    ['no list', undefined, null],
  ])('finds the text of %s', (_, choices, text) => expect(answerText(choices)).toBe(text));
});
