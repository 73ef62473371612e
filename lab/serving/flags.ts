/** What the lab's vLLM reads from its command line; every other flag is accepted and has no effect. */
export interface VllmFlags {
  /** `--model`, or the positional of `vllm serve MODEL`. */
  model: string;
  /** `--served-model-name`: the ids that requests may name; the first one labels the metrics. */
  servedModelNames: string[];
  /** Tokens, prompt and answer together. */
  maxModelLen: number;
  prefixCaching: boolean;
  promptTokensDetails: boolean;
  /** With `--reasoning-parser`: a chat's tokens are reasoning until the model ends it, which this one never does. */
  reasoning: boolean;
  /** False for a base model: its tokenizer has no chat template, and no flag names one. */
  chatTemplate: boolean;
  /** `--max-num-seqs`; null when absent. */
  maxNumSeqs: number | null;
  /** `--num-gpu-blocks-override`; null when absent. */
  numBlocks: number | null;
}

/** Base models by their usual names; tuned ones of the same family say so. */
const BASE_MODEL = /(?:^|\/)(?:gpt2|opt-|pythia-|bloom-)|[-_]base(?:$|[-_/])|(?:^|\/)base$/i;

/** Context length of Qwen2.5-3B-Instruct, which vLLM takes when `--max-model-len` is absent. */
const MODEL_CONTEXT = 32_768;

/**
 * Reads the flags from a container's command line: separate arguments, or a whole script behind `bash -c`. Both
 * `--key value` and `--key=value`, dashes and underscores, as vLLM's own parser takes them.
 */
export function parseFlags(args: string[]): VllmFlags {
  const words = args.flatMap(splitWords);
  const values = new Map<string, string[]>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith('--')) continue;
    const equals = word.indexOf('=');
    const key = (equals < 0 ? word : word.slice(0, equals)).slice(2).replaceAll('_', '-');
    const given: string[] = equals < 0 ? [] : [word.slice(equals + 1)];
    if (equals < 0) while (i + 1 < words.length && !words[i + 1]!.startsWith('-')) given.push(words[++i]!);
    values.set(key, given);
  }
  const serve = words.indexOf('serve');
  const positional = serve >= 0 ? words[serve + 1] : undefined;
  const model = values.get('model')?.[0] ?? (positional?.startsWith('-') ? undefined : positional) ?? '/mnt/models';
  const names = values.get('served-model-name') ?? [];
  return {
    model,
    servedModelNames: names.length > 0 ? names : [model],
    maxModelLen: humanInteger(values.get('max-model-len')?.[0]) ?? MODEL_CONTEXT,
    prefixCaching: !values.has('no-enable-prefix-caching'),
    promptTokensDetails: values.has('enable-prompt-tokens-details'),
    reasoning: values.has('reasoning-parser'),
    chatTemplate: values.has('chat-template') || ![model, ...names].some((name) => BASE_MODEL.test(name)),
    maxNumSeqs: humanInteger(values.get('max-num-seqs')?.[0]),
    numBlocks: humanInteger(values.get('num-gpu-blocks-override')?.[0]),
  };
}

/** Splits as a shell does, far enough for flags: quotes are removed, escaped line ends are blanks. */
function splitWords(text: string): string[] {
  const words = text.replaceAll('\\\n', ' ').match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replaceAll(/["']/g, ''));
}

/** `2048`, `2k` (2000) or `2K` (2048), as vLLM's `--max-model-len` reads it. */
function humanInteger(text: string | undefined): number | null {
  const match = text?.match(/^(\d+)([kK]?)$/);
  if (!match) return null;
  return Number(match[1]) * (match[2] === 'k' ? 1_000 : match[2] === 'K' ? 1_024 : 1);
}
