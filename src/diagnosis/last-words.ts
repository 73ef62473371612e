import { bounded } from './read-pod.ts';

/** Lines of one run of a container that are kept from its end. */
const TAIL_LINES = 120;
const TAIL_CHARACTERS = 24 * 1024;
/** Lines above that end that state an error: a crashed engine stands far above the last line. */
const EARLIER_LINES = 16;
const LINE = 500;

/** `(EngineCore pid=7) ERROR 01-31 10:00:00 [core.py:1510] `, each part optional: vLLM's own, since 0.8. */
const PREFIX =
  /^(?:\((?<who>[A-Za-z][\w-]{0,39}) (?:[^()]{0,40} )?pid=\d{1,10}[^()]{0,60}\) ?)?(?:(?<level>DEBUG|INFO|WARNING|ERROR|CRITICAL) \d\d-\d\d [\d:]+ \[(?<file>[\w.]+):\d+\] ?)?/;
const ENGINE = /^(?:EngineCore|Vllm_?Worker|Worker|RayWorker)/;
const ENGINE_FILE = /^(?:core|multiproc_executor|\w*worker\w*|\w*runner\w*)\.py$/;

/** What stands before the message in the logs of KServe's storage initializer, and in glog. */
const HEAD = /^(?:\d{4}-\d\d-\d\d \S+ \d+ [\w.]+ [A-Z]+ \[\S+\] |[IWEF]\d{4} \S+ +\d+ \S+\] )/;

/** What the kubelet and containerd write before the reason of a failed pull: the name of the image, up to three times. */
const PULL =
  /^(?:(?:Back-off pulling image|Failed to pull image|failed to pull and unpack image|failed to resolve reference) "[^"]*": |ErrImagePull: |rpc error: code = \w+ desc = )+/;

/** What starts a frame of a Python traceback, and what a C++ or a Go stack consists of. */
const PYTHON_FRAME = /^\s*File "[^"]+", line \d+(?:, in .*)?$/;
const PYTHON_NOISE =
  /^\s*(?:Traceback \(most recent call last\):|\[Previous line repeated .*\]|During handling of the above exception.*|The above exception was the direct cause.*)$/;
const OTHER_FRAME =
  /^\t\S+\.go:\d+|^goroutine \d+ \[|^\s*(?:PC: )?@ +0x[0-9a-f]+|^\*\*\* Check failure stack trace|^https:\/\/symbolize\./;
const GO_CALL = /^[\w./*()@-]+\(.*\)$/;

/** What announces that something failed, and names no reason. */
const GENERIC =
  /Engine ?core (?:initialization failed|failed to start|proc \S+ died|encountered)|WorkerProc (?:initialization failed|failed to start)|Worker proc \S+ died|see (?:stack trace|root cause) above|see root cause|Worker failed with error|\[shutdown\]|resource_tracker|\d+ validation errors? for \w+$|^Process \S+:$/i;
/** What states an error by its shape. */
const FAILURE =
  /^\s*(?:Value|Assertion) error, |^(?:[\w.]+\.)?\w*(?:Error|Exception|Interrupt|Exit|Failure|Fault)\b(?::|$)|\berror: |^Error: |^panic: |^fatal\b|^unknown (?:shorthand )?flag|\b(?:RESOURCE_EXHAUSTED|FAILED_PRECONDITION|DEADLINE_EXCEEDED): |^Killed$|Segmentation fault|^\*\*\* SIG/i;

type Level = 'error' | 'warning' | 'info';

/** A line of a log, split into who wrote it and what it says. */
interface Word {
  /** `engine` is the engine core of vLLM and its workers; `api-server` the process in front of them. */
  speaker: 'engine' | 'api-server' | 'other';
  /** Null where the line states none. */
  level: Level | null;
  /** The line without vLLM's prefix. */
  text: string;
  prefix: string;
}

function wordOf(line: string): Word {
  const match = PREFIX.exec(line);
  const { who, level, file } = match?.groups ?? {};
  const prefix = match?.[0] ?? '';
  const text = line.slice(prefix.length);
  const isEngine = who === undefined ? ENGINE_FILE.test(file ?? '') : ENGINE.test(who);
  const speaker = isEngine ? 'engine' : /^API_?Server/i.test(who ?? '') ? 'api-server' : 'other';
  return { speaker, level: level ? namedLevel(level) : levelOf(text), text, prefix };
}

function namedLevel(name: string): Level {
  if (/^(?:e|crit|fatal|panic)/i.test(name)) return 'error';
  return /^w/i.test(name) ? 'warning' : 'info';
}

/** The level of a line in the formats of Python's logging, glog, zap, Istio and Envoy. */
function levelOf(text: string): Level | null {
  const found =
    /^\{.*?"level":"(\w+)"/.exec(text) ??
    /^([IWEF])\d{4} \d\d:/.exec(text) ??
    /^\d{4}-\d\d-\d\d[T ]\S+\s+(?:- )?(?:\d+ )?(?:[\w.]+ )?(?:- )?(debug|info|warn(?:ing)?|error|critical|fatal)\b/i.exec(
      text,
    ) ??
    /^\[\d{4}-\d\d-\d\d[^\]]*\]\[\d+\]\[(\w+)\]/.exec(text) ??
    /^(DEBUG|INFO|WARNING|ERROR|CRITICAL)[: ]/.exec(text);
  return found?.[1] ? namedLevel(found[1]) : null;
}

/**
 * The lines without the frames of tracebacks and stacks. With `keepInnermost` the last frame before each error stays:
 * it shows what an error without a name was about.
 */
export function withoutFrames(lines: readonly string[], keepInnermost = false): string[] {
  const kept: string[] = [];
  /** The frame that each writer is in; processes write between each other's lines. */
  const open = new Map<string, { indent: number; lines: string[] }>();
  for (const [index, line] of lines.entries()) {
    const { text, prefix } = wordOf(line);
    const writer = prefix.replace(/\d+/g, '');
    const indent = text.search(/\S/);
    const frame = open.get(writer);
    if (PYTHON_FRAME.test(text)) {
      open.set(writer, { indent, lines: [line] });
    } else if (frame && (indent > frame.indent || indent < 0)) {
      // A mark below the source line says no more than the line.
      if (/[^\s^~]/.test(text)) frame.lines.push(line);
    } else if (!PYTHON_NOISE.test(text) && !isOtherFrame(text, lines[index + 1])) {
      if (frame && keepInnermost) kept.push(...frame.lines);
      open.delete(writer);
      kept.push(line);
    }
  }
  return kept;
}

function isOtherFrame(text: string, next: string | undefined): boolean {
  return OTHER_FRAME.test(text) || (GO_CALL.test(text) && /^\t\S+\.go:\d+/.test(next ?? ''));
}

/** Whether a line states why something failed, and not only that it did. */
function isFailure({ level, text, speaker }: Word): boolean {
  if (GENERIC.test(text) || level === 'info' || level === 'warning') return false;
  return FAILURE.test(text) || (level === 'error' && speaker !== 'engine');
}

/** What a terminal shows of a line that a progress bar drew again and again. */
function afterRedraws(line: string): string {
  return line.slice(line.trimEnd().lastIndexOf('\r') + 1);
}

/**
 * What is kept of the end of one run's log, oldest first: its last lines and the errors above them, without frames. Each
 * line and the whole are bounded, and hold no credentials.
 */
export function lastWords(text: string): string[] {
  const lines = withoutFrames(
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours of a terminal
      .replace(/\u001b\[[0-9;]*m/g, '')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) =>
        afterRedraws(line)
          .slice(0, 4 * LINE)
          .trimEnd()
          .replace(/,"stacktrace":"(?:[^"\\]|\\.)*(?:"|$)/, ''),
      ),
    true,
  ).map((line) => bounded(line, LINE));
  let characters = 0;
  const from = Math.max(
    lines.length - TAIL_LINES,
    lines.findLastIndex((line) => {
      characters += line.length;
      return characters > TAIL_CHARACTERS;
    }) + 1,
  );
  const above = lines.slice(0, from).filter((line) => isFailure(wordOf(line)));
  const engine = above.filter((line) => wordOf(line).speaker === 'engine');
  return [...(engine.length > 0 ? engine : above).slice(0, EARLIER_LINES), ...lines.slice(from)];
}

/**
 * Lines that may hold the reason of an end, best first: what engine and workers wrote, then the others. The API server's
 * lines count only where no engine names an error. `ended` is whether a process has ended: then its warnings were survived.
 */
export function reasonsIn(log: readonly string[], ended: boolean): string[] {
  const words = withoutFrames(log)
    .map((line) => ({ line, ...wordOf(line) }))
    .filter(({ level }) => level !== 'info' && !(ended && level === 'warning'));
  const engine = words.filter(({ speaker }) => speaker === 'engine');
  const hasReason = engine.some(isFailure);
  const others = words.filter(({ speaker }) => speaker !== 'engine' && !(hasReason && speaker === 'api-server'));
  return [...engine, ...others].map(({ line }) => line);
}

/** The one line that states why a process ended; null where none has the shape of an error. */
export function decidingLine(log: readonly string[]): string | null {
  const failures = withoutFrames(log)
    .map((line) => ({ line, ...wordOf(line) }))
    .filter(isFailure);
  // An engine's first error is the root; elsewhere the last exception sums up those that led to it.
  const found =
    failures.find(({ speaker }) => speaker === 'engine') ??
    failures.findLast(({ speaker }) => speaker === 'other') ??
    failures.at(-1);
  return found?.line ?? null;
}

/**
 * A line for a reader: without moment, process and place in the source, message and error of a JSON line, and no longer than `max`, with the
 * place `around` in view.
 */
export function plainLine(line: string, around = '', max = 300): string {
  const { text } = wordOf(line);
  const plain = zapText(text) ?? text.replace(HEAD, '').replace(PULL, '').trim();
  if (plain.length <= max) return plain;
  const at = Math.max(0, Math.min(plain.indexOf(around) - 60, plain.length - max + 1));
  const part = plain.slice(at, at + max - 2);
  return `${at > 0 ? '…' : ''}${part}${at + part.length < plain.length ? '…' : ''}`;
}

/** Message and error of a line of zap's, also of one that was cut. */
function zapText(text: string): string | null {
  if (!text.startsWith('{')) return null;
  const field = (name: string) => {
    const found = new RegExp(`"${name}":"((?:[^"\\\\]|\\\\.)*)`).exec(text)?.[1];
    return found ? [found.replaceAll(/\\(["\\])/g, '$1')] : [];
  };
  const parts = [...field('msg'), ...field('error')];
  return parts.length > 0 ? parts.join(': ') : null;
}
