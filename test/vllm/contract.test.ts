import { holdsRecordings } from './contract.ts';
import { startVllm } from './server.ts';

holdsRecordings('vLLM', (kind) => startVllm(process.env.VLLM_ASSETS as string, kind), 200_000);
