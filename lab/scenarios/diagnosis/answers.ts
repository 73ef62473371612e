import type { DiagnosisScenario } from '../types.ts';
import { fail } from './shared.ts';

interface Row {
  name: string;
  summary: string;
  cause: string;
  status: number;
  body: unknown;
  shows: string;
  remedy?: string;
  outside?: true;
}

const object = (message: string, type: string, code: number) => ({ error: { message, type, param: null, code } });

/** Replies of vLLM's OpenAI server to completions; sentences are those of vLLM 0.11 to 0.32. */
const ROWS: readonly Row[] = [
  {
    name: 'engine-dead',
    summary: 'the engine of vLLM dies once it serves, and its API server lives on',
    cause: 'vllm.engine-dead',
    status: 500,
    body: object(
      'EngineCore encountered an issue. See stack trace (above) for the root cause.',
      'InternalServerError',
      500,
    ),
    shows: 'EngineCore encountered an issue',
    remedy: 'kubectl',
  },
  {
    name: 'api-key',
    summary: 'vLLM wants an API key',
    cause: 'vllm.api-key',
    status: 401,
    body: { error: 'Unauthorized' },
    shows: '401',
    remedy: '--api-key',
  },
  {
    name: 'model-renamed',
    summary: 'vLLM knows the model by another name',
    cause: 'model.name-mismatch',
    status: 404,
    body: object('The model `Qwen/Qwen2.5-3B-Instruct` does not exist.', 'NotFoundError', 404),
    shows: 'does not exist',
    remedy: '--served-model-name',
  },
  {
    name: 'context-length',
    summary: 'the requests are longer than the model’s sequence',
    cause: 'vllm.too-long',
    status: 400,
    body: object(
      "This model's maximum context length is 16 tokens. However, you requested 96 tokens in the messages.",
      'BadRequestError',
      400,
    ),
    shows: 'maximum context length is 16 tokens',
    remedy: '--max-model-len',
  },
  {
    name: 'outside-answer-500',
    summary: 'every completion ends with an error that nobody has seen',
    cause: 'vllm.own-error',
    status: 500,
    body: object('the tide table is empty', 'InternalServerError', 500),
    shows: 'the tide table is empty',
    outside: true,
  },
  {
    name: 'outside-answer-418',
    summary: 'something in front of vLLM answers completions in words of its own',
    cause: 'unknown.completion',
    status: 418,
    body: { note: 'short and stout' },
    shows: 'short and stout',
    outside: true,
  },
];

/** Ready replicas whose completions all fail. */
export const ANSWER_SCENARIOS: readonly DiagnosisScenario[] = ROWS.map(
  ({ name, summary, cause, status, body, shows, remedy, outside }) => ({
    name,
    summary,
    expect: fail(cause),
    serving: { answers: { kind: 'refuses', after: 0, status, body } },
    shows: [shows],
    ...(remedy && { remedy }),
    ...(outside && { outside }),
  }),
);
