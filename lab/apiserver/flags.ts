/** Flags of an etcd that serves its client on a socket in `folder`, which only this user can open. */
export function etcdFlags(folder: string): string[] {
  // A member has to announce addresses of this form. One member alone dials none of them.
  const unused = 'http://127.0.0.1:2380';
  return [
    `--data-dir=${folder}/etcd`,
    `--listen-client-urls=${etcdAddress(folder)}`,
    // A path is not heeded here, only a host; any free port will do.
    '--listen-peer-urls=http://127.0.0.1:0',
    `--advertise-client-urls=${unused}`,
    `--initial-advertise-peer-urls=${unused}`,
    `--initial-cluster=default=${unused}`,
    // The data must outlive a killed process, not a power cut.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

/** Flags of a kube-apiserver whose files are in `folder`. */
export function apiServerFlags(folder: string, port: number): string[] {
  return [
    `--etcd-servers=${etcdAddress(folder)}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--tls-cert-file=${folder}/tls.crt`,
    `--tls-private-key-file=${folder}/tls.key`,
    '--authorization-mode=RBAC',
    `--token-auth-file=${folder}/tokens.csv`,
    `--authentication-token-webhook-config-file=${folder}/token-webhook`,
    '--authentication-token-webhook-version=v1',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${folder}/service-account.key`,
    `--service-account-signing-key-file=${folder}/service-account.key`,
    '--service-cluster-ip-range=10.0.0.0/24',
    // No controller makes the ServiceAccount "default" that this plugin asks of every pod.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged=true',
    `--audit-policy-file=${folder}/audit-policy`,
    `--audit-log-path=${folder}/audit.log`,
    // Each line is written before its answer is complete.
    '--audit-log-mode=blocking-strict',
    // A loopback address is no valid endpoint of the Service "kubernetes".
    '--endpoint-reconciler-type=none',
  ];
}

/** Who asked what, without bodies; one line for each answer. */
export const AUDIT_POLICY = JSON.stringify({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [{ level: 'None', users: ['system:apiserver'] }, { level: 'Metadata' }],
});

function etcdAddress(folder: string): string {
  return `unix://${folder}/client.sock`;
}
