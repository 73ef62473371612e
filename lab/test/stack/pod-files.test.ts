import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { ContainerSpec, PodContext } from '../../cluster/pod-context.ts';
import { layOut } from '../../stack/pod-files.ts';

let folder: string | undefined;
afterEach(() => folder && rmSync(folder, { recursive: true }));

it('finds a mounted file once, though the folder of all pods lies below another mount', () => {
  folder = mkdtempSync('/tmp/pod-files-');
  const volumes = [
    { name: 'tmp-dir', emptyDir: {} },
    { name: 'tls-certs', secret: { secretName: 'certs' } },
  ];
  const context = {
    pod: { metadata: { namespace: 'ns', name: 'pod' }, spec: { volumes } },
    store: { get: () => ({ data: { 'tls.crt': Buffer.from('a certificate').toString('base64') } }) },
  } as unknown as PodContext;
  const volumeMounts = [
    { name: 'tmp-dir', mountPath: '/tmp' },
    { name: 'tls-certs', mountPath: '/var/run/kserve/tls' },
  ];
  const spec = { name: 'main', image: 'vllm', volumeMounts } as ContainerSpec;
  const { localise } = layOut(context, spec, folder);
  const flag = localise('--ssl-certfile=/var/run/kserve/tls/tls.crt');
  expect(flag).toBe(`--ssl-certfile=${join(folder, 'ns_pod/volumes/tls-certs/tls.crt')}`);
  expect(readFileSync(flag.slice(flag.indexOf('/')), 'utf8')).toBe('a certificate');
  expect(localise('/tmp/a:/tmpfs')).toBe(`${join(folder, 'ns_pod/volumes/tmp-dir/a')}:/tmpfs`);
});

it('leaves a file alone that is as it was, and replaces one that has changed', () => {
  folder = mkdtempSync('/tmp/pod-files-');
  let text = 'templates: {}';
  const context = {
    pod: { metadata: { namespace: 'ns', name: 'pod' }, spec: { volumes: [{ name: 'c', configMap: { name: 'c' } }] } },
    store: { get: () => ({ data: { config: text } }) },
  } as unknown as PodContext;
  const spec = { name: 'main', image: 'istiod', volumeMounts: [{ name: 'c', mountPath: '/etc/c' }] } as ContainerSpec;
  const files = layOut(context, spec, folder);
  const file = files.localise('/etc/c/config');
  const before = statSync(file);
  files.refresh();
  expect(statSync(file).mtimeMs).toBe(before.mtimeMs);
  expect(statSync(file).ino).toBe(before.ino);
  text = 'templates: {kube-gateway: a}';
  files.refresh();
  expect(readFileSync(file, 'utf8')).toBe(text);
  expect(statSync(file).ino).not.toBe(before.ino);
});
