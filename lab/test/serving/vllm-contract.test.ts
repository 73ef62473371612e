import { holdsRecordings } from '../../../test/vllm/contract.ts';
import { FLAGS, MAX_MODEL_LEN, MODEL } from '../../../test/vllm/exchanges.ts';
import { startLab } from './fixture.ts';

holdsRecordings(
  "the lab's replica",
  async (kind) => {
    const lab = await startLab();
    const model = kind === 'base' ? '/models/opt-125m' : '/mnt/models';
    const args = ['vllm', 'serve', model, `--served-model-name=${MODEL}`, `--max-model-len=${MAX_MODEL_LEN}`];
    const answer = await lab.control('PUT', 'replicas/ns/recorded', { args: [...args, ...FLAGS[kind]], tls: false });
    return { url: `http://127.0.0.1:${answer.json().port}`, stop: () => lab.close() };
  },
  20_000,
);
