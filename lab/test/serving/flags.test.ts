import { describe, expect, it } from 'vitest';
import { parseFlags } from '../../serving/flags.ts';

describe('parseFlags', () => {
  it('reads separate arguments', () => {
    const flags = parseFlags(['vllm', 'serve', '/mnt/models', '--served-model-name', 'a', 'b', '--max-model-len=2048']);
    expect(flags).toMatchObject({ model: '/mnt/models', servedModelNames: ['a', 'b'], maxModelLen: 2048 });
  });

  it('reads a script behind bash -c, with quotes and continued lines', () => {
    const script = `exec python3 -m vllm.entrypoints.openai.api_server \\
      --model=/mnt/models --served-model-name "qwen2-3b" \\
      --max_model_len 4096 --enable-prompt-tokens-details --no-enable-prefix-caching --port 8000`;
    expect(parseFlags(['/bin/bash', '-c', script])).toEqual({
      model: '/mnt/models',
      servedModelNames: ['qwen2-3b'],
      maxModelLen: 4096,
      prefixCaching: false,
      promptTokensDetails: true,
      reasoning: false,
      chatTemplate: true,
      maxNumSeqs: null,
      numBlocks: null,
    });
  });

  it('has vLLM V1 defaults: caching on, token details off, the model path as id', () => {
    expect(parseFlags(['python3 -m vllm.entrypoints.openai.api_server --model /mnt/models --port=8000'])).toMatchObject(
      {
        servedModelNames: ['/mnt/models'],
        maxModelLen: 32_768,
        prefixCaching: true,
        promptTokensDetails: false,
      },
    );
  });

  it('knows a reasoning parser, and a base model without a chat template', () => {
    expect(parseFlags(['--reasoning-parser=qwen3']).reasoning).toBe(true);
    const hasTemplate = (...args: string[]) => parseFlags(args).chatTemplate;
    expect(hasTemplate('vllm', 'serve', 'facebook/opt-125m')).toBe(false);
    expect(hasTemplate('--model=/mnt/models', '--served-model-name=Qwen/Qwen3-8B-Base')).toBe(false);
    expect(hasTemplate('--model=facebook/opt-125m', '--chat-template=/mnt/chat.jinja')).toBe(true);
    expect(hasTemplate('--served-model-name=meta-llama/Llama-3.1-8B-Instruct')).toBe(true);
    expect(hasTemplate('--served-model-name=database-8b')).toBe(true);
  });

  it('reads human sizes', () => {
    expect(parseFlags(['--max-model-len', '2K']).maxModelLen).toBe(2_048);
    expect(parseFlags(['--max-model-len', '2k']).maxModelLen).toBe(2_000);
  });
});
