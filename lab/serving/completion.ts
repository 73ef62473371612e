import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AnswerHead, answerHead, renderAnswer, renderDelta, renderEnding, renderOpening } from './answer.ts';
import { blockHashes } from './cache.ts';
import type { Engine } from './engine.ts';
import type { Endpoint, ParsedRequest, Prompt } from './request.ts';
import { answerTokens, replyTokens } from './tokenizer.ts';

export interface CompletionContext {
  engine: Engine;
  blockSize: number;
  /** Whether responses tell the cached tokens of their prompt. */
  promptTokensDetails: boolean;
  /** A reasoning parser reads the chats. */
  reasoning: boolean;
  /** Something on the way holds a stream back until its end. */
  buffered: boolean;
  /** Whole responses have this error beside their choices. */
  error?: { message: string };
  /** How fast the replica works on the request; 1 is usual. */
  speed: number;
}

/** Runs a parsed request on the engine and answers it, whole or as server-sent events. Aborts when the client leaves. */
export function complete(
  context: CompletionContext,
  endpoint: Endpoint,
  request: ParsedRequest,
  incoming: IncomingMessage,
  response: ServerResponse,
): void {
  const id = incoming.headers['x-request-id'];
  const requestId = typeof id === 'string' ? id : randomUUID().replaceAll('-', '');
  const head = answerHead(endpoint, request, requestId, context.reasoning && endpoint === 'chat');
  const writer = request.stream
    ? streamWriter(head, request, response, context.buffered)
    : wholeWriter(head, request, response, context.error);
  let cachedTokens = 0;
  let unfinished = request.prompts.length;

  const jobs = request.prompts.map((prompt, index) =>
    context.engine.submit({
      hashes: blockHashes(prompt.text, context.blockSize, request.cacheSalt),
      promptTokens: prompt.tokens,
      outputTokens: Math.ceil(prompt.outputTokens * (prompt.workShare ?? 1)),
      speed: context.speed / (prompt.workShare ?? 1),
      finishReason: prompt.finishReason,
      ...(writer.onTokens ? { onTokens: writer.onTokens(prompt, index) } : {}),
      onFinish: (result) => {
        writer.onFinish(prompt, index);
        cachedTokens += result.cachedTokens;
        if (--unfinished === 0) writer.end(context.promptTokensDetails ? cachedTokens : null);
      },
    }),
  );
  response.once('close', () => {
    if (unfinished > 0) for (const job of jobs) job.abort();
  });
}

interface Writer {
  onTokens?: (prompt: Prompt, index: number) => (count: number) => void;
  onFinish(prompt: Prompt, index: number): void;
  end(cachedTokens: number | null): void;
}

const tokensOf = ({ seed, outputTokens, finishReason, hasText, reply }: Prompt) => {
  if (!hasText) return Array<string>(outputTokens).fill('');
  return reply === undefined
    ? answerTokens(seed, outputTokens, finishReason === 'stop')
    : replyTokens(reply, outputTokens);
};

const usageOf = ({ prompts }: ParsedRequest, cachedTokens: number | null) => ({
  promptTokens: prompts.reduce((sum, prompt) => sum + prompt.tokens, 0),
  completionTokens: prompts.reduce((sum, prompt) => sum + prompt.outputTokens, 0),
  cachedTokens,
});

function wholeWriter(
  head: AnswerHead,
  request: ParsedRequest,
  response: ServerResponse,
  error: CompletionContext['error'],
): Writer {
  return {
    onFinish: () => {},
    end: (cachedTokens) => {
      const choices = request.prompts.map((prompt) => ({
        text: tokensOf(prompt).join(''),
        finishReason: prompt.finishReason,
      }));
      const text = renderAnswer(head, choices, usageOf(request, cachedTokens));
      const body = Buffer.from(error ? JSON.stringify({ ...JSON.parse(text), error }) : text);
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.end(body);
    },
  };
}

function streamWriter(head: AnswerHead, request: ParsedRequest, response: ServerResponse, buffered: boolean): Writer {
  const sent = request.prompts.map(() => 0);
  let opened = false;
  let held = '';
  const isEnd = !request.includeUsage;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  const write = (text: string) => {
    const whole = opened ? text : renderOpening(head, request.prompts.length) + text;
    if (buffered) held += whole;
    else response.write(whole);
    opened = true;
  };
  return {
    onTokens: (prompt, index) => {
      const tokens = tokensOf(prompt);
      return (count) => {
        write(renderDelta(head, index, { text: tokens.slice(sent[index], count).join(''), finishReason: null, isEnd }));
        sent[index] = count;
      };
    },
    onFinish: (prompt, index) => {
      const rest = tokensOf(prompt).slice(sent[index]).join('');
      write(renderDelta(head, index, { text: rest, finishReason: prompt.finishReason, isEnd }));
    },
    end: (cachedTokens) => {
      response.end(held + renderEnding(head, request.includeUsage ? usageOf(request, cachedTokens) : null));
    },
  };
}
