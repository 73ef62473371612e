import { describe, expect, it } from 'vitest';
import { explain } from '../../../src/diagnosis/explain.ts';
import { aContainer, aFailure, anEvent, aPod, atReady, someEvidence } from './evidence.ts';

const waiting = (reason: string, message: string) =>
  atReady({ pods: [aPod('replica', [aContainer({ ready: false, state: 'waiting', reason, message })])] });

const PREFIX = 'failed to pull and unpack image "r.io/x:1": failed to resolve reference "r.io/x:1": ';
const PULL = `${PREFIX}failed to do request:`;

describe('what resembles a cause of the table stays unknown', () => {
  it.each([
    ['a registry whose name is not resolved', `${PULL} Head "https://r.io": dial tcp: lookup r.io: no such host`],
    ['a registry without a way', `${PULL} Head "https://r.io": dial tcp 10.0.0.1:443: i/o timeout`],
    ['a registry of an unknown authority', `${PULL} tls: x509: certificate signed by unknown authority`],
    ['a registry that is down', `${PULL} unexpected status from HEAD request to https://r.io: 503 Service Unavailable`],
  ])('%s is not the model’s source', (_, message) => {
    const found = explain(waiting('ImagePullBackOff', message));
    expect(found).toMatchObject({ cause: 'unknown.ready-timeout', confidence: 'unknown' });
    expect(found?.evidence.join('\n')).toContain(message);
    expect(found?.deciding).toBe(message.slice(PREFIX.length));
  });

  it('a sidecar that crashes is no probe that asks for what vLLM does not serve', () => {
    const main = aContainer({ name: 'main', ready: false, log: ['INFO: Application startup complete.'] });
    const sidecar = aContainer({
      name: 'proxy',
      ready: false,
      restarts: 3,
      state: 'waiting',
      log: ['the tide is out'],
    });
    const events = [
      anEvent('Unhealthy', 'Readiness probe failed: Get "https://10.8.0.4:8000/health": connection refused'),
    ];
    const pods = [aPod('replica', [main, sidecar])];
    const facts = { pod: pods[0]?.name, container: 'proxy' };
    const found = explain(atReady({ pods, events }, 'crash-loop', facts));
    expect(found?.cause).toBe('container.crash-loop');
  });

  it('a volume that cannot be attached is no missing secret', () => {
    const found = explain(
      atReady({
        pods: [aPod('replica', [aContainer({ ready: false, state: 'waiting', reason: 'ContainerCreating' })])],
        events: [anEvent('FailedMount', 'MountVolume.MountDevice failed for volume "pvc-1": rpc error: Aborted')],
      }),
    );
    expect(found?.cause).toBe('unknown.ready-timeout');
    expect(found?.evidence.join('\n')).toContain('MountVolume.MountDevice failed');
  });

  it('a container that the runtime cannot make is no missing secret', () => {
    const found = explain(waiting('CreateContainerError', 'failed to reserve container name "main": reserved'));
    expect(found?.cause).toBe('unknown.ready-timeout');
    expect(found?.evidence.join('\n')).toContain('failed to reserve container name');
  });
});

describe('a remedy', () => {
  it('of a container that its manifest forbids names no secrets', () => {
    const evidence = atReady(
      {
        pods: [
          aPod('replica', [
            aContainer({
              ready: false,
              state: 'waiting',
              reason: 'CreateContainerConfigError',
              message: 'container has runAsNonRoot and image will run as root',
            }),
          ]),
        ],
      },
      'container-config',
      { message: 'container has runAsNonRoot and image will run as root' },
    );
    const found = explain(evidence);
    expect(found).toMatchObject({ cause: 'container.config', confidence: 'probable' });
    expect(found?.explanation).toContain('image will run as root');
    expect(`${found?.remedy} ${found?.explanation}`).not.toMatch(/secret|refers to it/);
  });

  it('of pods that an admission rule denies does not look for a webhook that is down', () => {
    const message = 'admission webhook "validation.gatekeeper.sh" denied the request: you must provide labels';
    const found = explain(atReady({ pods: [], events: [anEvent('FailedCreate', message, { kind: 'ReplicaSet' })] }));
    expect(found).toMatchObject({ cause: 'pods.denied', blame: 'change' });
    expect(found?.explanation).toContain('you must provide labels');
    expect(found?.remedy).not.toMatch(/service behind/);
  });
});

it('a resize that fails for a reason of its own is probable at most', () => {
  const failure = aFailure('gke-resize-failed', { asked: 3, got: 0, text: '[TIDE]: the tide is out' }, 'lease');
  expect(explain(someEvidence({ failure }))).toMatchObject({ cause: 'gke.resize-failed', confidence: 'probable' });
});

it.each([
  ['image-not-found', 'image.not-found', '404 Not Found'],
  ['image-pull-denied', 'image.pull-denied', '403 Forbidden'],
  ['ready-timeout', 'image.rate-limited', '429 Too Many Requests'],
])('the reason of a pull that fails with %s stands in the box, without the image before it', (code, cause, status) => {
  const message = `Back-off pulling image "r.io/x:1": ErrImagePull: rpc error: code = Unknown desc = ${PREFIX}unexpected status: ${status}`;
  const container = aContainer({ ready: false, state: 'waiting', reason: 'ImagePullBackOff', message });
  const evidence = atReady({ pods: [aPod('replica', [container])] }, code, { pod: 'p', container: 'main', message });
  expect(explain(evidence)).toMatchObject({ cause, deciding: `unexpected status: ${status}` });
});

it('the end of a long line stands in the box where it is what decides', () => {
  const message = `write /var/lib/${'x'.repeat(300)}/lib.so: no space left on device: unknown`;
  const container = aContainer({ ready: false, state: 'waiting', reason: 'ImagePullBackOff', message });
  const found = explain(atReady({ pods: [aPod('replica', [container])] }));
  expect(found).toMatchObject({
    cause: 'model.disk-full',
    deciding: expect.stringContaining('no space left on device'),
  });
});
