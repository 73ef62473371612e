const COMPILING = /compil|num_tokens|XLA graph|precompil/i;
const SERVING = /application startup complete|uvicorn running|starting vllm api server/i;

/** Whether the last lines of a log are of an XLA compilation. */
export function compiling(log: readonly string[]): boolean {
  const last = log.filter((line) => line.trim() !== '').slice(-4);
  return last.some((line) => COMPILING.test(line)) && !serving(log);
}

/** Whether vLLM has begun to serve. */
export function serving(log: readonly string[]): boolean {
  return log.slice(-12).some((line) => SERVING.test(line));
}
