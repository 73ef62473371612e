import { escaped } from '../../lib/pattern.ts';
import { troubled, wordsOf } from '../facts.ts';
import { logRule } from './log-rule.ts';
import type { Rule } from './rule.ts';

const LOADS_CERTIFICATE = /\bload_cert_chain\(/;

/** vLLM ends before it serves, and its log has the reason. */
export const MODEL_SERVER_RULES: readonly Rule[] = [
  logRule({
    cause: 'vllm.unknown-flag',
    title: 'vLLM does not know a flag',
    looksLike: 'exit code 2 and "unrecognized arguments" in the last lines of main',
    roles: ['replica'],
    pattern: /error: unrecognized arguments: (.+)$/,
    explanation: ([, flags], where) => `vLLM in ${where} ends at once: this image does not know ${flags}.`,
    text: ([, flags]) => new RegExp(escaped((flags ?? '').split(/[\s=]/)[0] ?? '')),
    remedy: () => 'Take the flag out of the args of the LLMInferenceService, or use an image that knows it.',
  }),
  logRule({
    cause: 'vllm.invalid-value',
    title: 'vLLM refuses the value of a flag',
    looksLike: 'exit code 2 and "argument --…: invalid", or a value that its configuration refuses',
    roles: ['replica'],
    pattern: /error: argument (--[\w-]+)[^:]*: (.+)$|value error, unknown (quantization) method: ([^.]+)/i,
    explanation: ([, flag, why, name, value], where) =>
      `vLLM in ${where} ends at once: ${flag ?? `--${name}`}: ${why ?? `unknown method ${value}`}.`,
    text: ([, flag, , name]) => new RegExp(escaped(flag ?? `--${name}`)),
    remedy: () => 'Correct the value in the args of the LLMInferenceService.',
  }),
  logRule({
    cause: 'vllm.max-model-len',
    title: 'The longest sequence does not fit into the KV cache',
    looksLike: '"max seq len (…) is larger than the maximum number of tokens that can be stored in KV cache"',
    roles: ['replica'],
    // The sentence holds sizes such as "16.00 GiB", so a point does not end it.
    pattern: /max(?:imum)?[ _](?:seq(?:uence)?|model)[ _]len\w*\W*(\d+).*larger than/i,
    explanation: ([, length], where) =>
      `vLLM in ${where} cannot serve one sequence of ${length} tokens: what the weights leave of the HBM is less.`,
    text: () => /--max-model-len/,
    remedy: () => 'Lower --max-model-len, raise --gpu-memory-utilization or --tensor-parallel-size.',
  }),
  logRule({
    cause: 'vllm.context-length',
    title: 'The model has a shorter context than asked for',
    looksLike: '"User-specified max_model_len (…) is greater than the derived max_model_len"',
    roles: ['replica'],
    pattern: /max_model_len \((\d+)\) is greater than the derived max_model_len \((?:\w+=)?(\d+)/i,
    explanation: ([, asked, length], where) =>
      `vLLM in ${where} ends at once: --max-model-len asks for ${asked} tokens, and the model's config.json has ${length}.`,
    text: () => /--max-model-len/,
    remedy: () => "Lower --max-model-len to the model's own context, or leave it out.",
  }),
  logRule({
    cause: 'vllm.no-kv-cache',
    title: 'The weights leave no memory for the KV cache',
    looksLike: '"No available memory for the cache blocks"',
    roles: ['replica'],
    pattern: /no available memory for the cache blocks/i,
    explanation: (_, where) => `vLLM in ${where} has no memory left for its KV cache once the weights are loaded.`,
    text: () => /--gpu-memory-utilization|--tensor-parallel-size/,
    remedy: () =>
      'Raise --gpu-memory-utilization or --tensor-parallel-size, or use a smaller model or a quantized one.',
  }),
  logRule({
    cause: 'vllm.hbm-exhausted',
    title: 'The TPU has too little memory for the model',
    looksLike: 'RESOURCE_EXHAUSTED or "Ran out of memory in memory space hbm" from XLA',
    roles: ['replica'],
    // The compiler's other memories, vmem and smem, and quotas of APIs are exhausted in the same words.
    pattern:
      /ran out of memory in memory space hbm|exceeded hbm capacity|RESOURCE_EXHAUSTED: Error (?:allocating device buffer|loading program)|RESOURCE_EXHAUSTED: .*\bHBM\d?\b/i,
    explanation: (_, where) =>
      `XLA in ${where} ran out of HBM: weights, KV cache and graphs need more than the chips have.`,
    text: () => /--max-model-len|--max-num-seqs|--gpu-memory-utilization|--tensor-parallel-size/,
    remedy: () =>
      'Lower --max-model-len or --max-num-seqs, raise --tensor-parallel-size to all chips of the node, or use a smaller model.',
  }),
  logRule({
    cause: 'vllm.tpu-busy',
    title: 'Another process holds the TPU',
    looksLike: '"/dev/vfio/…: Device or resource busy" or "The TPU is already in use by process"',
    roles: ['replica'],
    pattern:
      /(\/dev\/(?:vfio|accel)\S*?)[):]*:? Device or resource busy|TPU is already in use|libtpu\S* (?:is )?already in use|libtpu (?:multi-process )?lockfile|libtpu_lockfile/i,
    explanation: ([, device], where) =>
      `The TPU runtime in ${where} cannot take ${device ?? 'its chips'}: a process that has not ended holds them, of this container or of another on the node.`,
    remedy: () =>
      'Run again. If it stays: kubectl get pods -A -o wide --field-selector spec.nodeName=NODE, and take a privileged pod that uses the chips from the node.',
  }),
  logRule({
    cause: 'vllm.mesh',
    title: 'The model is split over other chips than the container has',
    looksLike: '"Number of devices … must be >= the product of mesh_shape" or "Insufficient devices for 2D mesh"',
    roles: ['replica'],
    pattern:
      /number of devices \(?(\d+)\)? must be .*mesh_shape \(([^)]+)\)|insufficient devices for \w+ mesh: found (\d+), expected (\d+)|sharding of NamedSharding\(mesh=.*should be divisible by (\d+)/i,
    explanation: ([, has, shape, found, expected, by], where) => {
      const chips = has ?? found;
      return chips
        ? `vLLM in ${where} sees ${chips} chips, and its flags ask for a mesh of ${shape ? `(${shape})` : expected}.`
        : `vLLM in ${where} splits the model over ${by} chips, which one of its dimensions is not divisible by.`;
    },
    text: () => /--tensor-parallel-size|--data-parallel-size|google\.com\/tpu/,
    remedy: () =>
      'Set --tensor-parallel-size (times --data-parallel-size) to the chips that the container asks for with google.com/tpu.',
  }),
  logRule({
    cause: 'vllm.no-tpu-build',
    title: 'The image is not a TPU build of vLLM',
    looksLike: '"Failed to infer device type", "No CUDA GPUs are available", no libtpu.so or no module torch_xla',
    roles: ['replica'],
    pattern:
      /failed to infer device type|no cuda gpus are available|found no nvidia driver|no module named '?(?:torch_xla|tpu_inference|tpu_commons)|failed to open libtpu\.so|libtpu\.so: cannot open shared object/i,
    explanation: (_, where) => `vLLM in ${where} looks for another accelerator: the image was not built for TPU.`,
    text: () => /^\s*(?:- )?image: .*vllm/,
    remedy: () => 'Use a TPU build, such as registry.redhat.io/rhaiis/vllm-tpu-rhel9 or docker.io/vllm/vllm-tpu.',
  }),
  logRule({
    cause: 'vllm.tpu-init',
    title: 'vLLM cannot take the TPU',
    looksLike: '"TPU initialization failed": libtpu refuses its environment or the chips that it finds',
    roles: ['replica'],
    pattern:
      /TPU initialization failed: (.+)|unable to initialize backend 'tpu': (.+)|(?:failed|unable) to (?:initialize|initialise|get global) (?:the )?TPU|No ba16c7433 device found/i,
    explanation: ([line, a, b], where) =>
      `The TPU runtime in ${where} does not start: ${(a ?? b ?? line).replace(/\.$/, '')}. Most often the chips that the container got are not those of its environment variables.`,
    text: () => /TPU_CHIPS_PER_HOST_BOUNDS|TPU_HOST_BOUNDS/,
    remedy: () =>
      'For ct6e-standard-4t ask for google.com/tpu: "4" and set TPU_CHIPS_PER_HOST_BOUNDS=2,2,1 and TPU_HOST_BOUNDS=1,1,1, or leave both out.',
    confidence: 'probable',
  }),
  logRule({
    cause: 'vllm.tensor-parallel',
    title: 'The model cannot be split over that many chips',
    looksLike: '"Total number of attention heads (…) must be divisible by tensor parallel size"',
    roles: ['replica'],
    pattern: /attention heads \((\d+)\) must be divisible by (?:the )?tensor.parallel.size \((\d+)\)/i,
    explanation: ([, heads, size]) =>
      `The model has ${heads} attention heads, which --tensor-parallel-size=${size} does not divide.`,
    text: () => /--tensor-parallel-size/,
    remedy: () => 'Choose a --tensor-parallel-size that divides the number of heads: 1, 2 or 4 on ct6e-standard-4t.',
  }),
  logRule({
    cause: 'vllm.unsupported-model',
    title: 'This vLLM does not know the model’s architecture',
    looksLike: '"Model architectures […] are not supported"',
    roles: ['replica'],
    pattern: /model architectures \[(.+?)\] (?:are not supported|failed to be inspected)/i,
    explanation: ([, names], where) =>
      `vLLM in ${where} has no implementation of ${names?.replaceAll("'", '')}, which the model's config.json names.`,
    path: ['spec', 'model', 'uri'],
    remedy: () => 'Use an image with a vLLM that knows the model, or a model that this one knows.',
  }),
  logRule({
    cause: 'vllm.no-model-folder',
    title: 'vLLM finds no model where it looks',
    looksLike: '"no such directory", "is not a local folder" or "Repo id must be in the form" with the path of --model',
    roles: ['replica'],
    container: /^main$/,
    pattern:
      /(?<![\w.-])(\/\S+?)'?:? (?:no such directory|is not a local folder and is not a valid model|does not appear to have a file named)|(?:repo id must be in the form .*|invalid repository id or local directory specified): '(\/[^']+)'/i,
    explanation: ([, a, b], where) =>
      `vLLM in ${where} looks for its model in ${a ?? b}, where there is none: KServe mounts it at /mnt/models.`,
    text: () => /--model[= ]/,
    remedy: () => 'Set --model=/mnt/models, and give spec.model.uri.',
  }),
  logRule({
    cause: 'tls.certificate-missing',
    title: 'vLLM finds no certificate',
    looksLike: 'FileNotFoundError for the file of --ssl-certfile or --ssl-keyfile',
    roles: ['replica'],
    container: /^main$/,
    pattern: /(?:FileNotFoundError|No such file or directory).*?(\S*(?:tls|ssl|cert)\S*\.(?:crt|key|pem))/i,
    explanation: ([, file], where) =>
      `vLLM in ${where} cannot read ${file}; KServe mounts its certificate at /var/run/kserve/tls.`,
    text: () => /--ssl-(?:certfile|keyfile)/,
    remedy: () => 'Name /var/run/kserve/tls/tls.crt and tls.key, or leave TLS out on a KServe that serves plain HTTP.',
  }),
  logRule({
    cause: 'tls.certificate-missing',
    title: 'vLLM finds no certificate',
    looksLike: 'FileNotFoundError without a name below load_cert_chain in the traceback',
    roles: ['replica'],
    container: /^main$/,
    // Python's ssl module does not name the file.
    when: (evidence) =>
      troubled(evidence, 'replica').some((at) => wordsOf(at).some((line) => LOADS_CERTIFICATE.test(line))),
    pattern: /FileNotFoundError: \[Errno 2\] No such file or directory$/,
    explanation: (_, where) =>
      `vLLM in ${where} cannot read the certificate of --ssl-certfile or its key; KServe mounts both at /var/run/kserve/tls.`,
    text: () => /--ssl-(?:certfile|keyfile)/,
    remedy: () => 'Name /var/run/kserve/tls/tls.crt and tls.key, or leave TLS out on a KServe that serves plain HTTP.',
  }),

  // The model's download.
];
