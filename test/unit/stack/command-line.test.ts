import { describe, expect, it } from 'vitest';
import type { Container } from '../../../src/clients/kubernetes/kinds.ts';
import { flagValue, hasFlag, portOf, readCommandLine, servesTls } from '../../../src/stack/command-line.ts';

const SHELL = ['/bin/bash', '-c'];

function line(script: string, change: Partial<Container> = {}) {
  return readCommandLine({ name: 'main', command: SHELL, args: [script], ...change });
}

const TLS = '--ssl-certfile=/tls.crt --ssl-keyfile=/tls.key';

describe('TLS flags', () => {
  it.each<[string, ReturnType<typeof line>, boolean | null]>([
    ['on the line', line(`exec vllm serve ${TLS}`), true],
    ['not on the line', line('exec vllm serve --port=8000'), false],
    ['with underscores', line('exec vllm serve --ssl_certfile /x'), true],
    ['of a shell variable of the script', line(`TLS_ARGS="${TLS}"\nexec vllm serve $TLS_ARGS`), true],
    ['of an exported variable', line(`export TLS_ARGS='${TLS}'; exec vllm serve \${TLS_ARGS}`), true],
    ['of an unused variable', line(`TLS_ARGS="${TLS}"\nexec vllm serve --port=8000`), false],
    [
      'of a variable of the container',
      line('exec vllm serve $TLS_ARGS', { env: [{ name: 'TLS_ARGS', value: TLS }] }),
      true,
    ],
    [
      'of a reference of Kubernetes',
      line('exec vllm serve $(TLS_ARGS)', { env: [{ name: 'TLS_ARGS', value: TLS }] }),
      true,
    ],
    ['of a variable from elsewhere', line('exec vllm serve $TLS_ARGS'), null],
    [
      'of a variable of a ConfigMap',
      line('exec vllm serve $TLS_ARGS', {
        env: [{ name: 'TLS_ARGS', valueFrom: { configMapKeyRef: { name: 'flags', key: 'tls' } } }],
      }),
      null,
    ],
    ['of a branch', line(`if [ -f /tls.crt ]; then\nA="${TLS}"\nfi\nexec vllm serve $A`), null],
    ['of the output of a command', line('exec vllm serve $(cat /flags)'), null],
    ['of a file', line('exec vllm serve --config /etc/vllm.yaml'), null],
    ['of a condition of a template', line(`vllm serve {{ if .GlobalConfig.EnableTLS }}${TLS}{{ end }}`), null],
    ['of a preset with further args', readCommandLine({ name: 'main', args: ['--max-model-len=2048'] }), null],
    ['of a preset alone', readCommandLine({ name: 'main' }), null],
    ['of args that start the server themselves', readCommandLine({ name: 'main', args: ['vllm serve /m'] }), false],
    ['that are commented out', line(`exec vllm serve\n# ${TLS}`), false],
  ])('%s', (_, given, expected) => {
    expect(servesTls(given)).toBe(expected);
  });
});

describe('the port', () => {
  it.each<[string, ReturnType<typeof line>, number | null]>([
    ['is 8000 by default', line('exec vllm serve /m'), 8_000],
    ['is the last one given', line('exec vllm serve --port 8001 --port=8002'), 8_002],
    ['of a variable', line(`exec vllm serve --port=\${PORT}`, { env: [{ name: 'PORT', value: '8080' }] }), 8_080],
    ['of a quoted variable', line('PORT=8081\nexec vllm serve --port "$PORT"'), 8_081],
    ['of the fallback of a variable', line(`exec vllm serve --port=\${PORT:-8082}`), 8_082],
    ['of a variable that nobody sets', line(`exec vllm serve --port=\${PORT}`), null],
    ['of a template', line('exec vllm serve --port={{ .Port }}'), null],
    ['is not known beside a file of flags', line('exec vllm serve --config=/etc/vllm.yaml'), null],
  ])('%s', (_, given, expected) => {
    expect(portOf(given)).toBe(expected);
  });
});

describe('VLLM_ADDITIONAL_ARGS', () => {
  const env = [{ name: 'VLLM_ADDITIONAL_ARGS', value: '--max-model-len 512 --prefix-cache-block-size 64' }];

  it('is read where a preset starts the server', () => {
    const given = readCommandLine({ name: 'main', env });
    expect(hasFlag(given, '--prefix-cache-block-size')).toBe(true);
    expect(flagValue(given, '--max-model-len')).toBe('512');
  });

  it('is read where the script uses it, and not where nobody does', () => {
    expect(hasFlag(line('exec vllm serve $VLLM_ADDITIONAL_ARGS', { env }), '--prefix-cache-block-size')).toBe(true);
    expect(hasFlag(line('exec vllm serve /m', { env }), '--prefix-cache-block-size')).toBe(false);
  });

  it('from a ConfigMap is named as not read', () => {
    const from = { configMapKeyRef: { name: 'flags', key: 'more' } };
    const given = readCommandLine({ name: 'main', env: [{ name: 'VLLM_ADDITIONAL_ARGS', valueFrom: from }] });
    expect(given.open).toEqual(['$VLLM_ADDITIONAL_ARGS']);
  });
});
