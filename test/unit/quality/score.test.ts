import { describe, expect, it } from 'vitest';
import { isRight, normalised } from '../../../src/quality/score.ts';

const text = (...texts: string[]) => ({ texts });

describe('a text', () => {
  it.each([
    ['42', '42'],
    ['as a sentence', 'Answer: 42.', '42'],
    ['in words around it', 'The answer is 42', '42'],
    ['behind a thought', '<think>40 + 2\nis 42</think>\n\n42', '42'],
    ['in a fence', '```text\nalpha, beta\n```', 'alpha, beta'],
    ['in quotation marks', '"alpha"', 'alpha'],
    ['in bold', '**42**.', '42'],
    ['with other spaces', ' alpha,beta ,  gamma\n', 'alpha, beta, gamma'],
    ['with grouped digits', '1,204', '1204'],
    ['one of several', 'grey', 'gray', 'grey'],
  ])('is right: %s', (...given) => {
    const [answer, ...expected] = given.length > 2 ? given.slice(1) : given;
    expect(isRight(answer ?? '', text(...expected))).toBe(true);
  });

  it.each([
    ['another number', '420', '42'],
    ['one that only begins so', '42 apples', '42'],
    ['capital letters', 'ALPHA', 'alpha'],
    ['another order', 'beta, alpha', 'alpha, beta'],
    ['nothing', '', '42'],
    ['nothing, although nothing is expected', ' ', ''],
    ['an explanation with the answer in it', 'First 40, then 42, so 42', '42'],
  ])('is wrong: %s', (_, answer, expected) => expect(isRight(answer, text(expected))).toBe(false));

  it('stays as it is where nothing is around it', () => {
    for (const each of ['a*c', 'x"y', '...', "it's", '12, 345'])
      expect(normalised(normalised(each))).toBe(normalised(each));
    expect(normalised('b*sk*t')).toBe('b*sk*t');
    expect(normalised('*ncho*')).toBe('*ncho*');
  });
});

describe('JSON', () => {
  const expected = { json: { name: 'Ada', age: 31, likes: ['chess', 'dancing'] } };

  it.each([
    ['in another order and form', '{ "likes": ["chess","dancing"],\n "age": 31.0, "name": "Ada" }'],
    ['in a fence', '```json\n{"name":"Ada","age":31,"likes":["chess","dancing"]}\n```'],
    ['behind a thought', '<think>{}</think>{"name":"Ada","age":31,"likes":["chess","dancing"]}'],
  ])('is right %s', (_, answer) => expect(isRight(answer, expected)).toBe(true));

  it.each([
    ['with a number as text', '{"name":"Ada","age":"31","likes":["chess","dancing"]}'],
    ['with a list in another order', '{"name":"Ada","age":31,"likes":["dancing","chess"]}'],
    ['with one more field', '{"name":"Ada","age":31,"likes":["chess","dancing"],"city":"Riga"}'],
    ['without a field', '{"name":"Ada","age":31}'],
    ['with words around it', 'Here: {"name":"Ada","age":31,"likes":["chess","dancing"]}'],
    ['cut off', '{"name":"Ada","age":31,'],
    ['with a field of the prototype', '{"name":"Ada","age":31,"likes":["chess","dancing"],"__proto__":{}}'],
    ['that is null', 'null'],
  ])('is wrong %s', (_, answer) => expect(isRight(answer, expected)).toBe(false));

  it('may be null itself', () => {
    expect(isRight('null', { json: null })).toBe(true);
    expect(isRight('', { json: null })).toBe(false);
  });
});
