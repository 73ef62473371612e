import { describe, expect, it } from 'vitest';
import { Failure } from '../../../../src/lib/failure.ts';
import { checkPodSecurity } from '../../../../src/stages/preflight/pod-security.ts';
import { found, pods, service } from './planned.ts';

const SAFE = {
  allowPrivilegeEscalation: false,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const enforce = (level: string, version?: string) => ({
  'pod-security.kubernetes.io/enforce': level,
  ...(version ? { 'pod-security.kubernetes.io/enforce-version': version } : {}),
});

/** A sidecar that no preset has, with this security context, beside a safe main. */
const sidecar = (securityContext: object | undefined, pod: object = {}, container: object = {}) => ({
  ...pod,
  containers: [
    { name: 'main', securityContext: SAFE },
    { name: 'extra', ...(securityContext ? { securityContext } : {}), ...container },
  ],
});

async function judged(
  template: object,
  level: string,
  { version, kubernetes = '1.34.1-gke.1' }: { version?: string; kubernetes?: string | null } = {},
): Promise<string> {
  const closed = { router: { scheduler: { template: { containers: [{ name: 'main', securityContext: SAFE }] } } } };
  const result = await found(() => checkPodSecurity('ns', enforce(level, version), pods(template, closed), kubernetes));
  return result instanceof Failure ? result.message : (result.outcome ?? 'pass');
}

describe('the standard baseline', () => {
  it.each<[string, object, RegExp]>([
    ['privileged', sidecar({ privileged: true }), /privileged of container extra.* is true/],
    ['host namespaces', sidecar(SAFE, { hostNetwork: true }), /hostNetwork .* is true, and allowed is false/],
    ['a host path', sidecar(SAFE, { volumes: [{ name: 'a', hostPath: { path: '/' } }] }), /hostPath/],
    ['a host port', sidecar(SAFE, {}, { ports: [{ containerPort: 1, hostPort: 80 }] }), /hostPort .* is 80/],
    ['a capability', sidecar({ capabilities: { add: ['CHOWN', 'SYS_ADMIN'] } }), /add .*\["SYS_ADMIN"\]/],
    ['an unconfined profile', sidecar({ seccompProfile: { type: 'Unconfined' } }), /seccompProfile.type .*Unconfined/],
    ['of AppArmor', sidecar({ appArmorProfile: { type: 'Unconfined' } }), /appArmorProfile.type/],
    ['a mount of /proc', sidecar({ procMount: 'Unmasked' }), /procMount/],
    ['a type of SELinux', sidecar({ seLinuxOptions: { type: 'spc_t' } }), /seLinuxOptions.type/],
    ['a user of SELinux', sidecar({ seLinuxOptions: { user: 'root' } }), /seLinuxOptions.user/],
    ['a sysctl', sidecar(SAFE, { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } }), /msgmax/],
    ['a host of a probe', sidecar(SAFE, {}, { livenessProbe: { httpGet: { host: '10.0.0.1' } } }), /httpGet.host/],
  ])('refuses %s', async (_, template, words) => {
    expect(await judged(template, 'baseline')).toMatch(words);
  });

  it('takes what has no security context, and safe sysctls', async () => {
    expect(await judged(sidecar(undefined), 'baseline')).toBe('pass');
    const sysctls = [{ name: 'net.ipv4.tcp_rmem', value: '1' }];
    expect(await judged(sidecar(undefined, { securityContext: { sysctls } }), 'baseline')).toBe('pass');
    expect(
      await judged(sidecar(undefined, { securityContext: { sysctls } }), 'baseline', { version: 'v1.31' }),
    ).toMatch(/tcp_rmem/);
  });

  it('is that of its version, and of the control plane at most', async () => {
    const probe = sidecar(SAFE, {}, { readinessProbe: { tcpSocket: { host: '10.0.0.1', port: 1 } } });
    expect(await judged(probe, 'baseline', { version: 'v1.33' })).toBe('pass');
    expect(await judged(probe, 'baseline', { kubernetes: '1.33.5-gke.1162000' })).toBe('pass');
    expect(await judged(probe, 'baseline', { kubernetes: null })).toMatch(/tcpSocket.host/);
  });
});

describe('the standard restricted', () => {
  it.each<[string, object | undefined, RegExp]>([
    [
      'no security context',
      undefined,
      /allowPrivilegeEscalation of container extra .* is not set, and required is false/,
    ],
    ['a missing runAsNonRoot', { ...SAFE, runAsNonRoot: undefined }, /runAsNonRoot of container extra .* is not set/],
    ['a false one', { ...SAFE, runAsNonRoot: false }, /runAsNonRoot .* is false, and allowed is true/],
    ['user 0', { ...SAFE, runAsUser: 0 }, /runAsUser .* is 0/],
    ['no profile', { ...SAFE, seccompProfile: undefined }, /seccompProfile.type .* is not set/],
    ['capabilities that stay', { ...SAFE, capabilities: {} }, /capabilities.drop .* is not set, .*\["ALL"\]/],
    ['some that are dropped', { ...SAFE, capabilities: { drop: ['KILL'] } }, /capabilities.drop .* is \["KILL"\]/],
    ['one that is added', { ...SAFE, capabilities: { drop: ['ALL'], add: ['CHOWN'] } }, /add .*\["CHOWN"\]/],
  ])('refuses %s', async (_, context, words) => {
    expect(await judged(sidecar(context), 'restricted')).toMatch(words);
  });

  it('takes what keeps to it, and what the pod sets for its containers', async () => {
    expect(await judged(sidecar(SAFE), 'restricted')).toBe('pass');
    const { runAsNonRoot, seccompProfile, ...rest } = SAFE;
    expect(await judged(sidecar(rest, { securityContext: { runAsNonRoot, seccompProfile } }), 'restricted')).toBe(
      'pass',
    );
    const bound = { ...SAFE, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] } };
    expect(await judged(sidecar(bound), 'restricted')).toBe('pass');
  });

  it('refuses volumes of other kinds, and knows images', async () => {
    expect(await judged(sidecar(SAFE, { volumes: [{ name: 'a', nfs: { server: 's' } }] }), 'restricted')).toMatch(
      /nfs/,
    );
    expect(await judged(sidecar(SAFE, { volumes: [{ name: 'a', image: { reference: 'x' } }] }), 'restricted')).toBe(
      'pass',
    );
  });

  it('does not claim what a preset of KServe may set, and does judge what the manifest sets', async () => {
    expect(await judged({ containers: [{ name: 'main' }] }, 'restricted')).toBe('not-checked');
    const root = { containers: [{ name: 'main', securityContext: { runAsUser: 0, runAsNonRoot: false } }] };
    const says = await judged(root, 'restricted');
    expect(says).toMatch(/runAsNonRoot of container main of the replicas of qwen is false/);
    expect(says).toMatch(/runAsUser .* is 0/);
    expect(says).not.toMatch(/not set/);
  });

  it('leaves pods with a user namespace open, which some clusters let off', async () => {
    expect(await judged(sidecar({ ...SAFE, runAsUser: 0 }, { hostUsers: false }), 'restricted')).toBe('not-checked');
  });

  it('holds where the level is one that nobody knows, as admission has it', async () => {
    expect(await judged(sidecar(undefined), 'strict')).toMatch(/Pod Security restricted:latest of ns/);
  });
});

describe('the line on Pod Security', () => {
  it('names file, line, value, what is allowed and each fix, all at once', async () => {
    const template = sidecar({ ...SAFE, privileged: true, procMount: 'Unmasked' });
    const failure = await found(() => checkPodSecurity('ns', enforce('baseline', 'v1.33'), pods(template), '1.33.1'));
    expect(failure).toMatchObject({
      code: 'pod-security',
      blame: 'change',
      message:
        'service.yaml:106: securityContext.privileged of container extra of the replicas of qwen is true, and allowed is false (Pod Security baseline:v1.33 of ns); service.yaml:106: securityContext.procMount of container extra of the replicas of qwen is "Unmasked", and allowed is Default (Pod Security baseline:v1.33 of ns).',
      hint: expect.stringContaining(
        'Remove securityContext.procMount of container extra of the replicas of qwen: allowed is Default.',
      ),
      evidence: { locations: [expect.objectContaining({ line: 106 }), expect.objectContaining({ line: 106 })] },
    });
  });

  it('passes where nothing is enforced, and names what may not be read', () => {
    expect(checkPodSecurity('ns', {}, pods({}), null)).toEqual({
      seen: 'ns enforces no Pod Security standard by its labels',
    });
    expect(checkPodSecurity('ns', { 'pod-security.kubernetes.io/warn': 'restricted' }, pods({}), null).outcome).toBe(
      undefined,
    );
    expect(checkPodSecurity('ns', enforce('privileged'), pods(sidecar({ privileged: true })), null).outcome).toBe(
      undefined,
    );
    expect(checkPodSecurity('ns', null, pods({}), null)).toMatchObject({
      outcome: 'not-checked',
      seen: 'labels of ns may not be read',
    });
  });

  it.each([
    ['text', 'x'],
    ['a list', [1]],
    ['null', null],
    ['odd fields', { securityContext: 'x', volumes: {}, containers: [null, 3, { securityContext: [], ports: 'x' }] }],
  ])('survives a template that is %s', (_, template) => {
    const manifest = service(template as object);
    for (const level of ['baseline', 'restricted']) {
      expect(() => {
        try {
          checkPodSecurity('ns', enforce(level), pods(template as object), null);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
        }
      }).not.toThrow();
    }
    expect(manifest).toBeDefined();
  });
});
