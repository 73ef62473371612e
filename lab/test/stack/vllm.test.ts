import { describe, expect, it } from 'vitest';
import { VLLM_IMAGE, vllmStart } from '../../stack/vllm.ts';

const SCRIPT = `exec python3 -m vllm.entrypoints.openai.api_server \\
  --model=/mnt/models \\
  --served-model-name=Qwen/Qwen2.5-3B-Instruct \\
  --port=8000 \\
  --max-model-len=2048 \\
  --tensor-parallel-size=4 \\
  --enable-prefix-caching \\
  --ssl-certfile=/var/run/kserve/tls/tls.crt
`;

const start = (command: string[], args: string[] = []) =>
  vllmStart('/assets', { name: 'main', image: 'vllm', command, args }, '10.244.0.7');

describe('how a container of vLLM starts on this machine', () => {
  it('keeps its own flags, less those for a TPU, with the model and the address that are here', () => {
    const found = start(['/bin/bash', '-c'], [SCRIPT]);
    expect(found?.binary).toBe('/assets/venv/bin/python');
    expect(found?.args).toEqual([
      '-m',
      'vllm.entrypoints.openai.api_server',
      '--model=/assets/models/chat',
      '--served-model-name=Qwen/Qwen2.5-3B-Instruct',
      '--port=8000',
      '--max-model-len=2048',
      '--enable-prefix-caching',
      '--ssl-certfile=/var/run/kserve/tls/tls.crt',
      '--load-format=dummy',
      '--enforce-eager',
      '--host=10.244.0.7',
    ]);
    expect(found?.env).toMatchObject({ HF_HUB_OFFLINE: '1', VLLM_CPU_KVCACHE_SPACE: '1' });
  });

  it('starts vllm serve as such, and reads and values that are words of their own', () => {
    const words = ['serve', '/mnt/models', '--tensor-parallel-size', '4', '--port', '8000', '--host', '0.0.0.0'];
    expect(start(['vllm'], words)?.args).toEqual([
      '/assets/venv/bin/vllm',
      'serve',
      '/assets/models/chat',
      '--port',
      '8000',
      '--load-format=dummy',
      '--enforce-eager',
      '--host=10.244.0.7',
    ]);
  });

  it('leaves a flag that vLLM does not know for vLLM to refuse', () => {
    expect(start(['vllm', 'serve', '/mnt/models', '--scorer-weights=3'])?.args).toContain('--scorer-weights=3');
  });

  it('is for containers of vLLM only', () => {
    expect(start(['/bin/bash', '-c'], ['sleep infinity'])).toBeNull();
    const images = (text: string) => VLLM_IMAGE.test(text);
    expect(images('registry.redhat.io/rhaiis/vllm-tpu-rhel9:3.2.5')).toBe(true);
    expect(images('docker.io/vllm/vllm-tpu@sha256:0')).toBe(true);
    expect(images('ghcr.io/llm-d/llm-d-tpu:v0.5.0')).toBe(true);
    expect(images('ghcr.io/llm-d/llm-d-inference-scheduler:v0.4')).toBe(false);
    expect(images('kserve/storage-initializer:v0.20.0')).toBe(false);
  });
});
