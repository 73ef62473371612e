import { describe, expect, it } from 'vitest';
import { builtInTasks } from '../../../src/quality/built-in.ts';
import { answerText, taskRequest } from '../../../src/quality/request.ts';
import { isRight } from '../../../src/quality/score.ts';
import { parseRequest } from '../../serving/request.ts';
import { solved } from '../../serving/solver.ts';
import { startLab } from './fixture.ts';

const TASKS = ['', 'other', 'third'].flatMap((seed) => (seed === '' ? builtInTasks() : builtInTasks(seed)));
const textOf = (index: number) => TASKS[index]?.messages[0]?.content ?? '';

describe('a model that can do the tasks of the gate', () => {
  it('reads each of them and computes the answer that the gate expects', () => {
    const wrong = TASKS.filter(({ expected }, index) => !isRight(solved(textOf(index), 1) ?? '', expected));
    expect(wrong).toEqual([]);
  });

  it('is wrong in the share that it cannot do, on the same ones each time, and never by chance right', () => {
    const right = (skill: number) =>
      TASKS.filter(({ expected }, index) => isRight(solved(textOf(index), skill) ?? '', expected)).map(({ id }) => id);
    expect(right(0)).toEqual([]);
    const some = right(0.7);
    expect(some.length / TASKS.length).toBeGreaterThan(0.65);
    expect(some.length / TASKS.length).toBeLessThan(0.75);
    expect(right(0.7)).toEqual(some);
    expect(right(0.9)).toEqual(expect.arrayContaining(some));
  });

  it.each(['chat', 'completions'] as const)('replies to the request that the gate sends: %s', (api) => {
    for (const task of TASKS.slice(0, 300)) {
      const { body } = taskRequest(task, { api, model: 'm' });
      const limits = { modelNames: ['m'], maxModelLen: 4_096, chatTemplate: true, skill: 1 };
      const parsed = parseRequest(api, 'application/json', Buffer.from(JSON.stringify(body)), limits, () => 0);
      if ('status' in parsed) throw new Error(JSON.stringify(parsed));
      const [prompt] = parsed.prompts;
      expect(prompt).toMatchObject({ finishReason: 'stop' });
      expect(isRight(prompt?.reply ?? '', task.expected)).toBe(true);
    }
    expect(answerText([{ text: ' 10' }])).toBe(' 10');
  });

  it('replies through the gateway, whole and as a stream, with as many tokens as it counts', async () => {
    const lab = await startLab();
    try {
      const messages = [
        { role: 'user', content: 'Write "lemon candle" in capital letters.\nReply with the result alone.' },
      ];
      const body = { model: 'qwen', messages, temperature: 0, max_tokens: 96 };
      const whole = (await lab.post('/ns/m/v1/chat/completions', body)).json();
      expect(whole.choices[0]).toMatchObject({ message: { content: 'LEMON CANDLE' }, finish_reason: 'stop' });
      expect(whole.usage.completion_tokens).toBe(4);
      const { text } = await lab.post('/ns/m/v1/chat/completions', { ...body, stream: true });
      const events = text.split('\n\n').filter((event) => event.startsWith('data: {'));
      const pieces = events.map((event) => JSON.parse(event.slice(6)).choices[0]?.delta.content ?? '');
      expect(pieces.join('')).toBe('LEMON CANDLE');
    } finally {
      await lab.close();
    }
  });

  it('does not take other texts for tasks', () => {
    expect(solved('Say hello.', 1)).toBe(null);
    expect(solved('Write "a b" in capital letters.', 1)).toBe(null);
  });
});
