import type { Expected } from './downloads.ts';

/** Last words that can only be read of: they take a TPU, or a program that is older than those that can be had. */
export interface ReadOf extends Expected {
  writer: 'vllm' | 'storage-initializer' | 'endpoint-picker';
  /** The public thread or file that has them. */
  source: string;
  text: string;
}

const GITHUB = 'https://github.com';
/** What the API server of vLLM ends with whenever its engine could not start. */
const API_SERVER = `(APIServer pid=1) Traceback (most recent call last):
(APIServer pid=1)   File "/usr/local/bin/vllm", line 8, in <module>
(APIServer pid=1)     sys.exit(main())
(APIServer pid=1)              ^^^^^^
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}`;

export const READ_OF: readonly ReadOf[] = [
  {
    name: 'tpu-busy',
    writer: 'vllm',
    source: `${GITHUB}/vllm-project/tpu-inference/pull/2257`,
    cause: 'vllm.tpu-busy',
    named: ['/dev/vfio/0'],
    text: `(Worker pid=6625) ERROR 04-15 07:27:42 [multiproc_executor.py:871] WorkerProc failed to start.
(Worker pid=6625) ERROR 04-15 07:27:42 [multiproc_executor.py:871] RuntimeError: Unable to initialize backend 'tpu': FAILED_PRECONDITION: TPU initialization failed: open(/dev/vfio/0): Device or resource busy: Device or resource busy; Couldn't open iommu group /dev/vfio/0 (set JAX_PLATFORMS='' to automatically choose an available backend)
${API_SERVER}`,
  },
  {
    name: 'tpu-busy-jax',
    writer: 'vllm',
    source: `${GITHUB}/vllm-project/tpu-inference/pull/926`,
    cause: 'vllm.tpu-busy',
    named: ['/dev/vfio/1'],
    text: "jaxlib._jax.XlaRuntimeError: UNKNOWN: TPU initialization failed: open(/dev/vfio/1): Device or resource busy: Device or resource busy; Couldn't open iommu group /dev/vfio/1",
  },
  {
    name: 'tpu-busy-torch-xla',
    writer: 'vllm',
    source: `${GITHUB}/vllm-project/vllm/pull/18282`,
    cause: 'vllm.tpu-busy',
    named: ['/dev/vfio/0'],
    text: "RuntimeError: Bad StatusOr access: UNKNOWN: TPU initialization failed: open(/dev/vfio/0): Device or resource busy: Device or resource busy; Couldn't open iommu group /dev/vfio/0",
  },
  {
    name: 'libtpu-in-use',
    writer: 'vllm',
    source: `${GITHUB}/sgl-project/sglang-jax/issues/857`,
    cause: 'vllm.tpu-busy',
    named: ['pid 2718466'],
    text: "RuntimeError: Unable to initialize backend 'tpu': ABORTED: The TPU is already in use by process with pid 2718466. Not attempting to load libtpu.so in this process. (set JAX_PLATFORMS='' to automatically choose an available backend)",
  },
  {
    name: 'libtpu-lockfile',
    writer: 'vllm',
    source: `${GITHUB}/jax-ml/jax/issues/10192`,
    cause: 'vllm.tpu-busy',
    named: ['libtpu_lockfile'],
    text: 'RuntimeError: Unable to initialize backend \'tpu\': ABORTED: Internal error when accessing libtpu multi-process lockfile. Run "$ sudo rm /tmp/libtpu_lockfile".',
  },
  {
    name: 'hbm-compile',
    writer: 'vllm',
    source: `${GITHUB}/LargeWorldModel/LWM/issues/60`,
    cause: 'vllm.hbm-exhausted',
    named: ['21.95G of 15.48G hbm'],
    text: `jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: XLA:TPU compile permanent error. Ran out of memory in memory space hbm. Used 21.95G of 15.48G hbm. Exceeded hbm capacity by 6.47G.

Total hbm usage >= 22.47G:
    reserved        530.00M
    program          21.95G
    arguments            0B`,
  },
  {
    name: 'hbm-load-program',
    writer: 'vllm',
    source: `${GITHUB}/vllm-project/vllm/issues/16521`,
    cause: 'vllm.hbm-exhausted',
    named: ['1.04G'],
    text: "RuntimeError: Bad StatusOr access: RESOURCE_EXHAUSTED: Error loading program: Attempting to reserve 1.04G at the bottom of memory. That was not possible. There are 905.37M free, 0B reserved, and 905.37M reservable. If fragmentation is eliminated, the maximum reservable bytes would be 905.37M, so compaction wouldn't help.",
  },
  {
    name: 'hbm-buffer',
    writer: 'vllm',
    source: `${GITHUB}/google-deepmind/gemma/issues/85`,
    cause: 'vllm.hbm-exhausted',
    named: ['15.65G'],
    text: `(EngineCore pid=7) ERROR 02-07 10:00:00 [core.py:519] EngineCore failed to start.
(EngineCore pid=7) ERROR 02-07 10:00:00 [core.py:519] jaxlib.xla_extension.XlaRuntimeError: RESOURCE_EXHAUSTED: Error allocating device buffer: Attempting to allocate 15.65G. That was not possible. There are 11.08G free.; (0x0x0_HBM0)
${API_SERVER}`,
  },
  {
    name: 'hbm-client',
    writer: 'vllm',
    source: `${GITHUB}/marin-community/marin/issues/2387`,
    cause: 'vllm.hbm-exhausted',
    named: ['1.96G'],
    text: 'E0118 22:42:45.737331   20084 tpu_pjrt_client.cc:1889] TpuClient::AllocateBuffer returning error after 1 attempt(s): RESOURCE_EXHAUSTED: Error allocating device buffer: Attempting to allocate 1.96G. That was not possible. There are 1.80G free.; (0x0x0_HBM0)',
  },
  {
    name: 'mesh-too-small',
    writer: 'vllm',
    source: `${GITHUB}/marin-community/marin/issues/6230`,
    cause: 'vllm.mesh',
    named: ['4', '8'],
    text: `(EngineCore pid=7) ERROR 06-07 04:19:00 [core.py:519] ValueError: Number of devices 4 must be >= the product of mesh_shape (1, 8)
(EngineCore pid=7) ERROR 06-07 04:19:00 [core.py:519] ValueError: cannot reshape array of size 4 into shape (1,8)
${API_SERVER}`,
  },
  {
    name: 'mesh-insufficient',
    writer: 'vllm',
    source: `${GITHUB}/ARahim3/kaggle-tpu-lab/issues/7`,
    cause: 'vllm.mesh',
    named: ['1', '8'],
    text: 'RuntimeError: Insufficient devices for 2D mesh: found 1, expected 8',
  },
  {
    name: 'sharding-does-not-divide',
    writer: 'vllm',
    source: `${GITHUB}/vllm-project/tpu-inference/pull/139`,
    cause: 'vllm.mesh',
    named: ['divisible by 8'],
    text: "ERROR 07-07 18:02:56 [core.py:519] ValueError: One of device_put args was given the sharding of NamedSharding(mesh=Mesh('data': 1, 'model': 8, axis_types=(Auto, Auto)), spec=PartitionSpec('model', None), memory_kind=device), which implies that the global size of its dimension 0 should be divisible by 8, but it is equal to 2 (full shape: (2, 128))",
  },
  {
    name: 'no-topology',
    writer: 'vllm',
    source: `${GITHUB}/pytorch/xla/issues/9753`,
    cause: 'vllm.tpu-init',
    named: ['topology'],
    text: 'RuntimeError: Bad StatusOr access: UNKNOWN: TPU initialization failed: Failed to get global TPU topology.',
  },
  {
    name: 'slice-builder-addresses',
    writer: 'vllm',
    source: `${GITHUB}/huggingface/transformers/issues/28204`,
    cause: 'vllm.tpu-init',
    named: ['worker addresses'],
    text: 'RuntimeError: Bad StatusOr access: UNKNOWN: TPU initialization failed: Invalid --2a886c8_slice_builder_worker_addresses specified. Expected 4 worker addresses, got 1.',
  },
  {
    name: 'chip-order',
    writer: 'vllm',
    source: `${GITHUB}/jax-ml/jax/issues/37230`,
    cause: 'vllm.tpu-init',
    named: ['index_on_host'],
    text: "RuntimeError: Unable to initialize backend 'tpu': INTERNAL: TPU initialization failed: TPU_RET_CHECK failure (learning/45eac/tpu/runtime/hal/tpu_hal.cc:229) GetChip(i)->location().index_on_host() == i (0 vs. 1)",
  },
  {
    name: 'no-libtpu',
    writer: 'vllm',
    source: `${GITHUB}/google-deepmind/alphafold3/issues/656`,
    cause: 'vllm.no-tpu-build',
    named: ['libtpu.so'],
    text: "RuntimeError: Unable to initialize backend 'tpu': INTERNAL: Failed to open libtpu.so: libtpu.so: cannot open shared object file: No such file or directory (set JAX_PLATFORMS='' to automatically choose an available backend)",
  },
  {
    name: 'initializer-gated-old',
    writer: 'storage-initializer',
    source: `${GITHUB}/kserve/website/issues/482`,
    cause: 'model.access-denied',
    named: ['meta-llama/Meta-Llama-3-8B-Instruct'],
    text: 'Access to model meta-llama/Meta-Llama-3-8B-Instruct is restricted. You must have access to it and be authenticated to access it. Please log in.',
  },
  {
    name: 'hub-name-in-vllm',
    writer: 'vllm',
    source: `${GITHUB}/huggingface/transformers/blob/main/src/transformers/utils/hub.py`,
    cause: 'model.not-found',
    named: ['Qwen/Qwen9-0.6B'],
    text: "OSError: Qwen/Qwen9-0.6B is not a local folder and is not a valid model identifier listed on 'https://huggingface.co/models'",
  },
  {
    name: 'hub-gated-in-vllm',
    writer: 'vllm',
    source: `${GITHUB}/huggingface/transformers/blob/main/src/transformers/utils/hub.py`,
    cause: 'model.access-denied',
    named: ['gated repo'],
    text: `OSError: You are trying to access a gated repo.
Make sure to have access to it at https://huggingface.co/meta-llama/Llama-3.1-8B-Instruct.
401 Client Error. (Request ID: Root=1-0)`,
  },
];
