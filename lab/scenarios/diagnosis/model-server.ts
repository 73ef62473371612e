import type { DiagnosisScenario } from '../types.ts';
import { crashes } from './shared.ts';

/** The end of vLLM's engine, and the 60 lines that its API server writes after it (vLLM 0.32.0). */
const engineEnds = (error: string): string[] => [
  '(EngineCore pid=212) ERROR 02-13 14:20:11 [core.py:1510] EngineCore failed to start.',
  `(EngineCore pid=212) ERROR 02-13 14:20:11 [core.py:1510] ${error}`,
  '(APIServer pid=1) Traceback (most recent call last):',
  ...Array.from({ length: 57 }, (_, line) => `(APIServer pid=1)   File "/opt/vllm/entry.py", line ${line}, in main`),
  "(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': 1}",
];

/** The last words of vLLM 0.11 to 0.32, of JAX and of libtpu: recorded, or of public threads. */
export const MODEL_SERVER_SCENARIOS: readonly DiagnosisScenario[] = crashes('replica', 'main', [
  {
    name: 'flag-unknown',
    summary: 'a flag that this image does not know',
    cause: 'vllm.unknown-flag',
    exitCode: 2,
    says: ['usage: api_server.py [-h] [--host HOST]', 'api_server.py: error: unrecognized arguments: --dtype=bfloat16'],
  },
  {
    name: 'flag-value',
    summary: 'a flag has a value that vLLM refuses',
    cause: 'vllm.invalid-value',
    exitCode: 2,
    says: ["api_server.py: error: argument --max-model-len: invalid human_readable_int value: '2048x'"],
  },
  {
    name: 'sequence-too-long',
    summary: 'the KV cache has no room for one sequence',
    cause: 'vllm.max-model-len',
    says: engineEnds(
      "ValueError: To serve at least one request with the model's max seq len (131072), (18.0 GiB KV cache is needed, which is larger than the available KV cache memory (11.25 GiB). Based on the available memory, the estimated maximum model length is 81920. Try increasing `gpu_memory_utilization` (which also controls CPU memory on the CPU backend) or decreasing `max_model_len` when initializing the engine.",
    ),
    shows: '18.0 GiB KV cache is needed',
  },
  {
    name: 'no-kv-cache',
    summary: 'the weights leave no memory for the KV cache',
    cause: 'vllm.no-kv-cache',
    says: engineEnds(
      'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine.',
    ),
    shows: 'No available memory for the cache blocks',
    remedy: '--gpu-memory-utilization',
  },
  {
    name: 'hbm-exhausted',
    summary: 'the chips have too little memory',
    cause: 'vllm.hbm-exhausted',
    says: [
      'jax.errors.JaxRuntimeError: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. Used 41.2G of 31.25G hbm.',
    ],
  },
  {
    name: 'hbm-buffer',
    summary: 'a buffer does not fit into the memory of the chips while the engine starts',
    cause: 'vllm.hbm-exhausted',
    says: engineEnds(
      'jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Error allocating device buffer: Attempting to allocate 15.65G. That was not possible. There are 11.08G free.; (0x0x0_HBM0)',
    ),
    shows: 'Attempting to allocate 15.65G',
  },
  {
    name: 'tpu-held',
    summary: 'another process holds the TPU',
    cause: 'vllm.tpu-busy',
    says: [
      "RuntimeError: Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by process with pid 1. TPU platform failed to initialize.",
    ],
  },
  {
    name: 'device-busy',
    summary: 'the device file of the TPU is busy, and a worker of vLLM reports it',
    cause: 'vllm.tpu-busy',
    says: [
      '(Worker pid=6625) ERROR 04-15 07:27:42 [multiproc_executor.py:871] WorkerProc failed to start.',
      "(Worker pid=6625) ERROR 04-15 07:27:42 [multiproc_executor.py:871] RuntimeError: Unable to initialize backend 'tpu': FAILED_PRECONDITION: TPU initialization failed: open(/dev/vfio/0): Device or resource busy: Device or resource busy; Couldn't open iommu group /dev/vfio/0 (set JAX_PLATFORMS='' to automatically choose an available backend)",
      '(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ],
    shows: 'open(/dev/vfio/0): Device or resource busy',
  },
  {
    name: 'mesh-too-small',
    summary: 'the mesh asks for more chips than the pod has',
    cause: 'vllm.mesh',
    says: engineEnds('ValueError: Number of devices 4 must be >= the product of mesh_shape (1, 8)'),
    shows: 'Number of devices 4 must be',
  },
  {
    name: 'tpu-topology',
    summary: 'libtpu finds no topology',
    cause: 'vllm.tpu-init',
    says: ['RuntimeError: Bad StatusOr access: UNKNOWN: TPU initialization failed: Failed to get global TPU topology.'],
  },
  {
    name: 'image-for-gpu',
    summary: 'the image is built for GPUs',
    cause: 'vllm.no-tpu-build',
    says: ['RuntimeError: Failed to infer device type, please set the environment variable `VLLM_LOGGING_LEVEL=DEBUG`'],
  },
  {
    name: 'heads-not-divisible',
    summary: 'the heads cannot be split over the chips',
    cause: 'vllm.tensor-parallel',
    says: ['ValueError: Total number of attention heads (14) must be divisible by tensor parallel size (4).'],
  },
  {
    name: 'architecture-unknown',
    summary: 'this vLLM does not know the architecture of the model',
    cause: 'vllm.unsupported-model',
    says: [
      'pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig',
      "  Value error, Model architectures ['Gemma9ForCausalLM'] are not supported for now. Supported architectures: dict_keys(['LlamaForCausalLM'])",
    ],
    shows: "Model architectures ['Gemma9ForCausalLM'] are not supported",
  },
  {
    name: 'certificate-path',
    summary: 'the certificate is not where the flag says',
    cause: 'tls.certificate-missing',
    says: ["FileNotFoundError: [Errno 2] No such file or directory: '/etc/tls/tls.crt'"],
  },
  {
    name: 'model-folder',
    summary: 'the model is not where the flag says',
    cause: 'vllm.no-model-folder',
    says: [
      "huggingface_hub.errors.HFValidationError: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/models/qwen'. Use `repo_type` argument if needed.",
    ],
  },
]);
