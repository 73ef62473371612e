import { describe, expect, it } from 'vitest';
import { decidingLine, lastWords, plainLine, reasonsIn } from '../../../src/diagnosis/last-words.ts';

const ENGINE = '(EngineCore pid=7) ERROR 01-01 00:00:00 [core.py:519] ';
const WORKER = '(Worker_TP0 pid=9) ERROR 01-01 00:00:00 [multiproc_executor.py:871] ';
const API = '(APIServer pid=1) ';

describe('the lines of a log', () => {
  it('lose the frames of a Python traceback, whoever writes between them', () => {
    const text = [
      `${ENGINE}Traceback (most recent call last):`,
      `${ENGINE}  File "/opt/vllm/core.py", line 1, in a`,
      `${API}  File "/opt/vllm/api.py", line 2, in b`,
      `${ENGINE}    outer()`,
      `${ENGINE}    ^^^^^^^`,
      `${ENGINE}  File "/opt/vllm/core.py", line 3, in c`,
      `${API}    serve()`,
      `${ENGINE}    inner()`,
      `${ENGINE}ValueError: the cause`,
      `${API}RuntimeError: Engine core initialization failed. See root cause above.`,
    ].join('\n');
    expect(reasonsIn(lastWords(text), true)).toEqual([`${ENGINE}ValueError: the cause`]);
  });

  it('keep the innermost frame, which shows what an error without a name is about', () => {
    const text =
      'Traceback (most recent call last):\n  File "/a.py", line 1, in x\n    f()\n  File "/b.py", line 2, in y\n    load_cert_chain(cert)\nFileNotFoundError: [Errno 2] No such file or directory';
    expect(lastWords(text).slice(0, 2)).toEqual(['  File "/b.py", line 2, in y', '    load_cert_chain(cert)']);
  });

  it('lose the stacks of Go and of C++, and the stack inside a line of JSON', () => {
    const text = [
      '{"level":"error","msg":"Failed","error":"the \\"cause\\"","stacktrace":"main.main\\n\\t/a.go:1"}',
      'goroutine 1 [running]:',
      'main.main()',
      '\t/src/main.go:12 +0x1d',
      '    @     0x7f6e3c6420e9  (unknown)',
      'PC: @     0x7f6e3c6420e9  (unknown)  (unknown)',
    ].join('\n');
    expect(lastWords(text)).toEqual(['{"level":"error","msg":"Failed","error":"the \\"cause\\""}']);
  });

  it('show of a progress bar what a terminal would', () => {
    expect(lastWords('Fetching 1 files:   0%|\rFetching 1 files: 100%|\nKeyError: 7')).toEqual([
      'Fetching 1 files: 100%|',
      'KeyError: 7',
    ]);
  });

  it('count less from the API server once engine or worker name an error', () => {
    const log = [
      `${API}OSError: [Errno 9] Bad file descriptor`,
      `${WORKER}WorkerProc failed to start.`,
      `${WORKER}KeyError: 7`,
    ];
    expect(decidingLine(log)).toBe(`${WORKER}KeyError: 7`);
    expect(reasonsIn(log, true)).not.toContain(log[0]);
    expect(decidingLine(log.slice(0, 1))).toBe(log[0]);
  });

  it('are no reason where their writer calls them information, or a warning that it survived', () => {
    const log = [
      '2026-01-01 00:00:00.000 1 storage.initializer INFO [a.py:b():1] 404 Client Error',
      'WARNING 01-01 00:00:00 [_http.py:1] 429 Too Many Requests',
      '{"level":"info","ts":0,"msg":"Flags processed"}',
      'I0820 16:10:25.293788 1 xla_bridge.py:353] Unable to initialize backend',
    ];
    expect(reasonsIn(log, true)).toEqual([]);
    expect(reasonsIn(log, false)).toEqual([log[1]]);
    expect(decidingLine(log)).toBeNull();
  });

  it.each(['(a', '((', '{"level":', ',"stacktrace":"', '  File "', 'a.b', '\t', 'E0118 1:'])(
    'are read in no time where they are hostile: %j',
    (part) => {
      const text = [part.repeat(200_000 / part.length), `${part}\n`.repeat(100_000 / part.length)].join('\n');
      const started = performance.now();
      expect(reasonsIn(lastWords(text), true).length).toBeLessThan(200);
      expect(performance.now() - started).toBeLessThan(5_000);
    },
  );

  it('are shown without prefixes, with what matters of a long one', () => {
    expect(plainLine(`${ENGINE}KeyError: 7`)).toBe('KeyError: 7');
    expect(plainLine('{"level":"error","msg":"Failed to start","error":"no file"}')).toBe('Failed to start: no file');
    expect(plainLine('2026-01-01 00:00:00.000 1 storage.initializer ERROR [a.py:<module>():31] no space')).toBe(
      'no space',
    );
    expect(plainLine('E0118 22:42:45.737331   20084 tpu_pjrt_client.cc:1889] no buffer')).toBe('no buffer');
    expect(plainLine('{"msg":"Failed","error":"a \\"b\\" and mo…')).toBe('Failed: a "b" and mo…');
    const long = `${'a'.repeat(400)} the cause ${'b'.repeat(400)}`;
    expect(plainLine(long, 'the cause')).toMatch(/^….*the cause.*…$/);
    expect(plainLine(long, 'the cause').length).toBeLessThanOrEqual(300);
  });
});
