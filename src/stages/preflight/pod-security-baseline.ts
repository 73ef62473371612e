import { fieldsIn, itemsIn } from '../../stack/planned-pods.ts';
import { contexts, forbidden, nameOf, notOneOf, type SecurityRule } from './pod-security-rule.ts';

/** k8s.io/pod-security-admission policy/check_capabilities_baseline.go. */
const CAPABILITIES: ReadonlySet<unknown> = new Set([
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
]);

/** policy/check_sysctls.go: each with the first minor version that allows it. */
const SYSCTLS: Readonly<Record<string, number>> = {
  'kernel.shm_rmid_forced': 0,
  'net.ipv4.ip_local_port_range': 0,
  'net.ipv4.tcp_syncookies': 0,
  'net.ipv4.ping_group_range': 0,
  'net.ipv4.ip_unprivileged_port_start': 0,
  'net.ipv4.ip_local_reserved_ports': 27,
  'net.ipv4.tcp_keepalive_time': 29,
  'net.ipv4.tcp_fin_timeout': 29,
  'net.ipv4.tcp_keepalive_intvl': 29,
  'net.ipv4.tcp_keepalive_probes': 29,
  'net.ipv4.tcp_rmem': 32,
  'net.ipv4.tcp_wmem': 32,
};

const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t'];
const APPARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** The controls of the standard baseline (k8s.io/pod-security-admission v0.34.4, package policy). */
export const BASELINE_RULES: readonly SecurityRule[] = [
  {
    level: 'baseline',
    since: 0,
    judge: ({ spec, what, path }) =>
      ['hostNetwork', 'hostPID', 'hostIPC'].flatMap((field) =>
        spec[field] === true ? [forbidden(path, field, true, 'false', `the pod of ${what}`)] : [],
      ),
  },
  { level: 'baseline', since: 0, judge: (pods) => notOneOf(pods, 'privileged', [false]) },
  { level: 'baseline', since: 0, judge: (pods) => notOneOf(pods, 'windowsOptions.hostProcess', [false]) },
  {
    level: 'baseline',
    since: 0,
    judge: ({ spec, what, path }) =>
      itemsIn(spec.volumes).flatMap((volume, index) =>
        (volume.hostPath ?? null) === null
          ? []
          : [forbidden([...path, 'volumes', index], 'hostPath', volume.hostPath, 'no folder of the node', what)],
      ),
  },
  {
    level: 'baseline',
    since: 0,
    judge: (pods) =>
      pods.containers.flatMap((container) =>
        itemsIn(container.fields.ports).flatMap(({ hostPort }, index) =>
          Number(hostPort ?? 0) === 0
            ? []
            : [forbidden([...container.path, 'ports', index], 'hostPort', hostPort, '0', nameOf(container, pods))],
        ),
      ),
  },
  {
    level: 'baseline',
    since: 0,
    replacedIn: 22,
    judge: (pods) => added(pods, (name) => CAPABILITIES.has(name), 'none beside those of every container'),
  },
  {
    level: 'baseline',
    since: 0,
    judge: (pods) => [
      ...notOneOf(pods, 'appArmorProfile.type', ['RuntimeDefault', 'Localhost']),
      ...Object.entries(pods.annotations).flatMap(([name, value]) =>
        !name.startsWith(APPARMOR) || value === '' || /^(?:runtime\/default$|localhost\/)/.test(String(value))
          ? []
          : [forbidden(pods.path, name, value, 'runtime/default', `the pod of ${pods.what}`)],
      ),
    ],
  },
  {
    level: 'baseline',
    since: 0,
    judge: (pods, minor) => {
      const types = [...SELINUX_TYPES, ...(minor >= 31 ? ['container_engine_t'] : [])];
      return [
        ...notOneOf(pods, 'seLinuxOptions.type', types),
        ...notOneOf(pods, 'seLinuxOptions.user', ['']),
        ...notOneOf(pods, 'seLinuxOptions.role', ['']),
      ];
    },
  },
  { level: 'baseline', since: 0, relaxed: true, judge: (pods) => notOneOf(pods, 'procMount', ['Default']) },
  {
    level: 'baseline',
    since: 19,
    judge: (pods) => notOneOf(pods, 'seccompProfile.type', ['RuntimeDefault', 'Localhost']),
  },
  {
    level: 'baseline',
    since: 0,
    judge: ({ spec, what, path }, minor) =>
      itemsIn(fieldsIn(spec, 'securityContext').sysctls).flatMap(({ name }, index) =>
        (SYSCTLS[String(name)] ?? Number.POSITIVE_INFINITY) <= minor
          ? []
          : [forbidden([...path, 'securityContext', 'sysctls', index], 'name', name, 'a safe sysctl', what)],
      ),
  },
  {
    level: 'baseline',
    since: 34,
    judge: (pods) =>
      pods.containers.flatMap((container) =>
        HANDLERS.flatMap((way) =>
          ['httpGet', 'tcpSocket'].flatMap((kind) => {
            const { host } = fieldsIn(container.fields, ...way, kind);
            const isSet = typeof host === 'string' && host !== '';
            const field = [...way, kind, 'host'].join('.');
            return isSet ? [forbidden(container.path, field, host, 'no host', nameOf(container, pods))] : [];
          }),
        ),
      ),
  },
];

const HANDLERS = [
  ['livenessProbe'],
  ['readinessProbe'],
  ['startupProbe'],
  ['lifecycle', 'postStart'],
  ['lifecycle', 'preStop'],
];

/** Capabilities that a container adds, and may not. */
export function added(
  pods: Parameters<SecurityRule['judge']>[0],
  isAllowed: (name: unknown) => boolean,
  allowed: string,
): ReturnType<SecurityRule['judge']> {
  return contexts(pods)
    .slice(1)
    .flatMap(({ context, whose, path }) => {
      const { add } = fieldsIn(context, 'capabilities');
      const bad = Array.isArray(add) ? add.filter((name) => !isAllowed(name)) : [];
      return bad.length > 0 ? [forbidden(path, 'securityContext.capabilities.add', bad, allowed, whose)] : [];
    });
}
