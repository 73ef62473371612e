/**
 * Where the gate's own files and pages are on the web. A remedy is read in a user's repository, which has none of them: it
 * names a file by `gateFile`, and the report puts the address in, of the version that ran.
 */
export interface GateSource {
  /** `https://github.com`, or a server of GitHub Enterprise. */
  server: string;
  /** `OWNER/NAME`. */
  repository: string;
  /** The tag, branch or commit that ran. */
  ref: string;
}

const MARK = 'gate-file:';

/** A file of the gate, for a remedy: the address of its text, once the report is built. `path` is relative to the gate. */
export function gateFile(path: string): string {
  return `${MARK}${path}`;
}

/** A command that shows a file of the gate, as code in a remedy; `file` is what `gateFile` returns. */
export function showFile(file: string): string {
  return `\`curl -fsSL ${file}\``;
}

/** The text with the address of each file that it names. */
export function withAddresses(text: string, source: GateSource): string {
  return text.replaceAll(MARK, rawFolder(source));
}

/** The address of the text of a file of the gate. `path` is relative to the gate. */
export function rawAddress(path: string, source: GateSource): string {
  return `${rawFolder(source)}${path}`;
}

function rawFolder({ server, repository, ref }: GateSource): string {
  return server === 'https://github.com'
    ? `https://raw.githubusercontent.com/${repository}/${ref}/`
    : `${server}/${repository}/raw/${ref}/`;
}

/** The page of the documentation that has every cause. */
export const CAUSES_PAGE = 'docs/troubleshooting.md';

/** Where a cause is explained, at the version that ran. A cause that begins with `unknown.` has a place of its own. */
export function causeAddress(cause: string, { server, repository, ref }: GateSource): string {
  const anchor = cause.startsWith('unknown.') ? UNKNOWN_ANCHOR : anchorOf(cause);
  return `${server}/${repository}/blob/${ref}/${CAUSES_PAGE}#${anchor}`;
}

/** Of the heading `No known cause`. */
export const UNKNOWN_ANCHOR = 'no-known-cause';

/** The anchor that GitHub gives a heading: lower case, without what is not a letter, digit, `_` or `-`. */
export function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(' ', '-')
    .replace(/[^\p{L}\p{N}_-]/gu, '');
}

/** Names in the gate's files of roles, to be replaced by those of a user. */
export const EXAMPLES = {
  namespace: 'llm-d-inference-scheduling',
  leaseNamespace: 'default',
  gatewayNamespace: 'opendatahub',
  identity: 'gate@my-project.iam.gserviceaccount.com',
  readingIdentity: 'gate-preflight@my-project.iam.gserviceaccount.com',
} as const;

/** A file of roles, by its name in the folder of roles. */
export type Role = 'serving' | 'lease' | 'gateway' | 'nodes' | 'evidence' | 'load' | 'capacity' | 'read-only/roles';

/** What stands in place of the examples; capitals where a name is not known. */
export interface RoleNames {
  namespace?: string;
  leaseNamespace?: string;
  gatewayNamespace?: string | null;
}

/**
 * A command that grants the gate roles, in any folder. IDENTITY is left to the reader: the e-mail of the service account, or
 * the principal of the federation. Names that are not names of Kubernetes are left to the reader too.
 */
export function grantCommand(roles: readonly Role[], names: RoleNames = {}): string {
  const address = (role: string) => gateFile(`manifests/rbac/${role}.yaml`);
  const [only = ''] = roles;
  const source =
    roles.length === 1
      ? `curl -fsSL ${address(only)}`
      : `for f in ${roles.join(' ')}; do curl -fsSL ${address('$f')}; echo ---; done`;
  const swap = (from: string, to: string) => (from === to ? [] : [`s|${from}|${to}|`]);
  const named = (name: string | null | undefined, capital: string) =>
    name && /^[a-z0-9-]{1,63}$/.test(name) ? name : capital;
  const swaps = [
    ...swap(EXAMPLES.namespace, named(names.namespace, 'NAMESPACE')),
    ...(roles.some((role) => role === 'lease' || role === 'read-only/roles')
      ? swap(`namespace: ${EXAMPLES.leaseNamespace}`, `namespace: ${named(names.leaseNamespace, 'LEASE-NAMESPACE')}`)
      : []),
    ...(roles.some((role) => role === 'gateway' || role === 'load' || role === 'read-only/roles')
      ? swap(
          `namespace: ${EXAMPLES.gatewayNamespace}`,
          `namespace: ${named(names.gatewayNamespace, 'GATEWAY-NAMESPACE')}`,
        )
      : []),
    `s|${roles.includes('read-only/roles') ? EXAMPLES.readingIdentity : EXAMPLES.identity}|IDENTITY|`,
  ];
  return `\`${source} | sed '${swaps.join('; ')}' | kubectl apply -f -\``;
}

/** DestinationRules for upstream KServe, which writes none. */
export const UPSTREAM_RULES = 'manifests/components/upstream-kserve/destinationrules-pattern3.yaml';
