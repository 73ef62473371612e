import { capital, logRule } from './log-rule.ts';
import { escaped, type Rule } from './rule.ts';

/** The endpoint picker ends at once, and its log has the reason. */
export const PICKER_START_RULES: readonly Rule[] = [
  logRule({
    cause: 'picker.unknown-flag',
    title: 'The endpoint picker does not know a flag',
    blame: 'change',
    looksLike: '"flag provided but not defined" or "unknown flag" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern: /flag provided but not defined: (\S+)|unknown (?:shorthand )?flag: (\S+)/i,
    explanation: ([, a, b], where) => `${capital(where)} ends at once: this version does not know ${a ?? b}.`,
    text: ([, a, b]) => new RegExp(escaped((a ?? b ?? '').replace(/^-+/, '--').split('=')[0] ?? '')),
    remedy: () =>
      'Take the flag out of spec.router.scheduler.template, or use a version that has it; --config-text was --configText in KServe v0.16.',
  }),
  logRule({
    cause: 'picker.bad-config',
    title: 'The endpoint picker refuses its configuration',
    blame: 'change',
    looksLike: '"Failed to load configuration" or "there is no plugin named" from the scheduler’s main',
    roles: ['endpoint-picker'],
    pattern:
      /failed to (?:load|parse|instantiate)[^"]*config[^"]*".*?"error":"([^"]+)"|there is no plugin named '?([^'"]+)|plugin type '?([^' "]+)'? is not (?:found|registered)/i,
    explanation: ([line, a, b, c], where) =>
      `${capital(where)} ends at once: ${a ?? ((b ?? c) ? `it has no plugin ${b ?? c}` : line)}.`,
    text: () => /--config-text/,
    remedy: () =>
      'Correct the EndpointPickerConfig in --config-text: every pluginRef must name a plugin of that version of the picker.',
  }),
  logRule({
    cause: 'picker.no-pool-name',
    title: 'The endpoint picker was not told its pool',
    blame: 'change',
    looksLike:
      '"required \\"poolName\\" flag not set" or "either pool-name or endpoint-selector must be set" from the scheduler’s main',
    roles: ['endpoint-picker'],
    // The second is of GIE v1.5.0, the picker without llm-d.
    pattern: /required \\?"pool-?Name\\?" flag not set|either pool-name or \S+ must be set|pool-name.*required/i,
    explanation: (_, where) =>
      `${capital(where)} ends at once without --pool-name: args replace those of KServe's preset, all of them.`,
    path: ['spec', 'router', 'scheduler', 'template', 'containers', 0, 'args'],
    remedy: () =>
      'Repeat the preset’s args, --pool-name among them, as manifests/pattern3/llminferenceservice.yaml does.',
  }),

  // How containers end.
];
