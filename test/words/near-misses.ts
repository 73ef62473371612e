import type { ReadOf } from './read-of.ts';

const GITHUB = 'https://github.com';
const VLLM = `${GITHUB}/vllm-project/vllm`;

/** No rule's cause: what `crashing` words have, with the line that must be shown. */
type NearMiss = Omit<ReadOf, 'cause'>;

const nearMisses: readonly NearMiss[] = [
  {
    name: 'vmem-exhausted',
    writer: 'vllm',
    source: `${GITHUB}/pytorch/xla/issues/9524`,
    named: ['memory space vmem'],
    text: 'RuntimeError: Bad StatusOr access: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space vmem. Used 32.42M of 16.00M vmem. Exceeded vmem capacity by 16.42M',
  },
  {
    name: 'smem-exhausted',
    writer: 'vllm',
    source: `${VLLM}/issues/8318`,
    named: ['memory space smem'],
    text: 'RuntimeError: Bad StatusOr access: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space smem. Used 1.00M of 1.00M smem. Exceeded smem capacity by 1.7K.',
  },
  {
    name: 'quota-of-an-api',
    writer: 'vllm',
    source: 'the exception of google-api-core for a quota of an API',
    named: ['Quota exceeded'],
    text: "google.api_core.exceptions.ResourceExhausted: 429 RESOURCE_EXHAUSTED: Quota exceeded for quota metric 'Read requests' and limit 'Read requests per minute' of service 'logging.googleapis.com'",
  },
  {
    name: 'other-backend',
    writer: 'vllm',
    source: `${GITHUB}/kalininalab/alphafold_non_docker/issues/68`,
    named: ['rope_scaling'],
    text: `INFO 01-01 00:00:00 [xla_bridge.py:889] Unable to initialize backend 'tpu': INTERNAL: Failed to open libtpu.so: libtpu.so: cannot open shared object file
I0820 16:10:25.293788 140208504612672 xla_bridge.py:353] Unable to initialize backend 'tpu_driver': NOT_FOUND: Unable to find driver in registry given worker:
KeyError: 'rope_scaling'`,
  },
  {
    name: 'survived-429',
    writer: 'vllm',
    source: 'the warning of huggingface_hub before it tries again',
    named: ['incomplete metadata'],
    text: `WARNING 01-01 00:00:00 [_http.py:320] HTTP Error 429 thrown while requesting GET https://huggingface.co/api/models/Qwen/Qwen3-0.6B: 429 Too Many Requests. Retrying in 1s [Retry 1/5].
INFO 01-01 00:00:00 [base_loader.py:82] Loading weights took 12.25 seconds
safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered`,
  },
  {
    name: 'shared-memory-full',
    writer: 'vllm',
    source: `${VLLM}/pull/48879`,
    named: ['/dev/shm'],
    text: 'RuntimeError: Insufficient space in /dev/shm: 240 MiB required, 64 MiB free.',
  },
  {
    name: 'shared-memory-full-of-python',
    writer: 'vllm',
    source: 'multiprocessing.shared_memory of Python, whose segments are files of this name',
    named: ['/dev/shm'],
    text: "OSError: [Errno 28] No space left on device: '/dev/shm/psm_5c1f2a9e'",
  },
  {
    name: 'requests-of-a-probe',
    writer: 'vllm',
    source: 'the access log of uvicorn, and the message of vllm/v1/engine/exceptions.py',
    named: ['RPC call to execute_model timed out'],
    text: `(APIServer pid=1) INFO:     10.0.0.1:41000 - "GET /v1/models HTTP/1.1" 401 Unauthorized
(APIServer pid=1) INFO:     10.0.0.1:41000 - "GET /healthz HTTP/1.1" 404 Not Found
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] EngineCore encountered a fatal error.
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] Traceback (most recent call last):
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519]   File "/opt/vllm/v1/engine/core.py", line 510, in run_engine_core
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519]     engine_core.run_busy_loop()
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] TimeoutError: RPC call to execute_model timed out.
(APIServer pid=1) ERROR 01-01 00:00:00 [async_llm.py:480] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.`,
  },
  {
    name: 'other-weights',
    writer: 'vllm',
    source: 'vllm/model_executor/models/utils.py',
    named: ["named 'lm_head'"],
    text: "(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] ValueError: There is no module or parameter named 'lm_head' in Qwen3ForCausalLM",
  },
  {
    name: 'required-argument',
    writer: 'vllm',
    source: "Python's argparse",
    named: ['arguments are required: --model'],
    text: `usage: api_server.py [-h] [--model MODEL]
api_server.py: error: the following arguments are required: --model`,
  },
  {
    name: 'glibc',
    writer: 'vllm',
    source: "the dynamic linker's message",
    named: ['GLIBCXX_3.4.32'],
    text: "ImportError: /lib/x86_64-linux-gnu/libstdc++.so.6: version `GLIBCXX_3.4.32' not found (required by /opt/vllm/_C.abi3.so)",
  },
  {
    name: 'port-taken',
    writer: 'vllm',
    source: "asyncio's message for a port that is taken",
    named: ['address already in use'],
    text: "OSError: [Errno 98] error while attempting to bind on address ('0.0.0.0', 8000): address already in use",
  },
  {
    name: 'volume-not-writable',
    writer: 'storage-initializer',
    source: `${GITHUB}/kserve/kserve/issues/4310`,
    named: ['Permission denied'],
    text: `2025-04-03 19:26:55.289 1 kserve INFO [storage.py:download():64] Copying contents of hf://google/t5-small-lm-adapt to local
Traceback (most recent call last):
  File "/storage-initializer/scripts/initializer-entrypoint", line 17, in <module>
    Storage.download(src_uri, dest_path)
  File "<frozen os>", line 225, in makedirs
PermissionError: [Errno 13] Permission denied: '/.cache'`,
  },
  {
    name: 'memory-of-the-chip',
    writer: 'vllm',
    source: 'the line in which tpu_inference states the memory of a chip',
    named: ['Unknown vision hidden size'],
    text: `(EngineCore pid=7) INFO 01-01 00:00:00 [tpu_worker.py:310] Memory statistics | hbm capacity 31.25GiB | used 1.2GiB
hbm capacity: 31.25G, RESOURCE usage: 4 %
(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] NotImplementedError: Unknown vision hidden size 1152`,
  },
  {
    name: 'environment-printed',
    writer: 'vllm',
    source: 'the environment that an entrypoint prints before it starts vLLM',
    named: ['No module named'],
    text: `TPU_CHIPS_PER_HOST_BOUNDS=2,2,1
TPU_HOST_BOUNDS=1,1,1
ModuleNotFoundError: No module named 'einops'`,
  },
  {
    name: 'statistics-refused',
    writer: 'vllm',
    source: "requests' message for the address to which vLLM sends its statistics of use",
    named: ['rope_scaling'],
    text: `requests.exceptions.HTTPError: 403 Client Error: Forbidden for url: https://stats.vllm.ai/
requests.exceptions.HTTPError: 429 Client Error: Too Many Requests for url: https://stats.vllm.ai/
KeyError: 'rope_scaling'`,
  },
  {
    name: 'certificate-expired',
    writer: 'storage-initializer',
    source: "the reason of OpenSSL in Python's ssl module",
    named: ['certificate has expired'],
    text: '2026-01-01 00:00:00.000 1 storage.initializer ERROR [initializer-entrypoint:<module>():31] Unexpected error during storage initialization: Got: ConnectError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)',
  },
  {
    name: 'picker-port-taken',
    writer: 'endpoint-picker',
    source: "Go's net package",
    named: ['bind: address already in use'],
    text: '{"level":"error","ts":0,"logger":"setup","msg":"Error starting controller manager","error":"failed to start metrics server: failed to create listener: listen tcp :9090: bind: address already in use"}',
  },
];

export const NEAR_MISSES: readonly ReadOf[] = nearMisses.map((each) => ({ ...each, cause: 'container.crash-loop' }));
