import { escaped } from '../../lib/pattern.ts';
import { capital, logRule } from './log-rule.ts';
import { namespaceOf, type Rule } from './rule.ts';

/** The endpoint picker ends at once, and its log has the reason. */
export const PICKER_START_RULES: readonly Rule[] = [
  logRule({
    cause: 'picker.unknown-flag',
    title: 'The endpoint picker does not know a flag',
    looksLike: '"flag provided but not defined" or "unknown flag" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /(?:flag provided but not defined: |unknown flag: |unknown shorthand flag: .* in )(\S+)/i,
    explanation: ([, flag], where) => `${capital(where)} ends at once: this version does not know ${flag}.`,
    text: ([, flag]) => new RegExp(escaped((flag ?? '').replace(/^-+/, '-').split('=')[0] ?? '')),
    remedy: () =>
      'Take the flag out of spec.router.scheduler.template, or use a version that has it; --config-text was --configText in KServe v0.16.',
  }),
  logRule({
    cause: 'picker.invalid-value',
    title: 'The endpoint picker refuses the value of a flag',
    looksLike: '"invalid argument … for … flag" or "flag needs an argument" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /invalid argument (".*") for "([^"]+)" flag: (.+)$|flag needs an argument: (\S+)/i,
    explanation: ([, value, flag, why, without], where) =>
      without
        ? `${capital(where)} ends at once: ${without} has no value.`
        : `${capital(where)} ends at once: ${flag} cannot be ${value}: ${why}.`,
    text: ([, , flag, , without]) =>
      new RegExp(escaped((without ?? flag?.split(' ').at(-1) ?? '').replace(/^-+/, '--'))),
    remedy: () => 'Correct the value in the args of spec.router.scheduler.template.',
  }),
  logRule({
    cause: 'picker.bad-config',
    title: 'The endpoint picker refuses its configuration',
    looksLike: '"Failed to parse configuration" or "there is no plugin named" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern:
      /failed to (?:load|parse|instantiate)[^"]*config[^"]*".*?"error":"((?:[^"\\]|\\.)+)"|there is no plugin named '?([^'"]+)|plugin type '?([^' "]+)'? is not (?:found|registered)/i,
    explanation: ([line, a, b, c], where) =>
      `${capital(where)} ends at once: ${a?.replaceAll('\\"', '"') ?? ((b ?? c) ? `it has no plugin ${b ?? c}` : line)}.`,
    text: () => /--config-text|--config-file/,
    remedy: () =>
      'Correct the EndpointPickerConfig of --config-text: every field, plugin and pluginRef must be one that this version of the picker has.',
  }),
  logRule({
    cause: 'picker.no-pool-name',
    title: 'The endpoint picker lacks the name of its pool',
    looksLike:
      '"required \\"poolName\\" flag not set" or "either pool-name or endpoint-selector must be set" from the scheduler’s main',
    roles: ['endpoint-picker'],
    // The second is of GIE v1.5.0, which says the same when both flags are set.
    unless: ({ container }) => /--?(?:pool-?name|endpoint-selector)\b/i.test(container.command),
    pattern: /required \\?"pool-?Name\\?" flag not set|either pool-name or \S+ must be set|pool-name.*required/i,
    explanation: (_, where) =>
      `${capital(where)} ends at once without --pool-name: args replace those of KServe's preset, all of them.`,
    path: ['spec', 'router', 'scheduler', 'template', 'containers', 0, 'args'],
    remedy: () =>
      'Repeat the preset’s args, among them --pool-name "{{ ChildName .ObjectMeta.Name `-inference-pool` }}" and --pool-namespace "{{ .ObjectMeta.Namespace }}": KServe expands both.',
  }),
  logRule({
    cause: 'picker.no-definitions',
    title: 'The endpoint picker needs a definition that the cluster lacks',
    looksLike: '"no matches for kind …" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /no matches for kind \\?"(\w+)\\?" in version \\?"([^"\\]+)/i,
    explanation: ([, kind, version], where) =>
      `${capital(where)} ends at once: the cluster has no definition of ${kind} in ${version}.`,
    remedy: () =>
      "Install the definitions of the picker's version: `kubectl apply -f https://github.com/kubernetes-sigs/gateway-api-inference-extension/releases/download/VERSION/manifests.yaml`",
  }),
  logRule({
    cause: 'picker.certificate-missing',
    title: 'The endpoint picker finds no certificate',
    looksLike: 'the file tls.crt of --cert-path does not exist',
    roles: ['endpoint-picker'],
    pattern: /open (\S*tls\.(?:crt|key)): no such file or directory/i,
    explanation: ([, file], where) => `${capital(where)} cannot read ${file} of --cert-path.`,
    text: () => /--cert-path/,
    remedy: () => 'Mount the Secret with tls.crt and tls.key where --cert-path points, or leave --cert-path out.',
  }),
  logRule({
    cause: 'picker.forbidden',
    title: 'The endpoint picker may not read what it needs',
    looksLike: '"… is forbidden: User … cannot list resource" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /(\S+) is forbidden: User \\?"([^"\\]+)\\?" cannot (\w+) resource/i,
    explanation: ([, what, user, verb], where) =>
      `${capital(where)} does not start: ${user} may not ${verb} ${what}. KServe makes that Role with the service.`,
    remedy: (evidence) =>
      `Look at the Role of the picker and at who removed or replaced it: kubectl -n ${namespaceOf(evidence)} get role,rolebinding,serviceaccount`,
  }),

  // How containers end.
];
