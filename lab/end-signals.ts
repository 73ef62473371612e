/**
 * Signals that end a process which does not listen for them, of those that another process may send to end it. SIGKILL
 * cannot be listened for; Node opens its debugger at SIGUSR1; the rest are faults of the process itself.
 */
export const END_SIGNALS = [
  ...(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGABRT', 'SIGALRM', 'SIGVTALRM', 'SIGPROF'] as const),
  ...(['SIGXCPU', 'SIGPWR', 'SIGIO', 'SIGSTKFLT', 'SIGSYS', 'SIGTRAP'] as const),
] as const satisfies readonly NodeJS.Signals[];
