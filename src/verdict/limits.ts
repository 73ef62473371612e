/** Where a measurement stops being plausible. */
export const LIMITS = {
  errorRate: 0.005,
  /** Relative difference of the mean output tokens of the arms. */
  outputTokens: 0.02,
  littlesLaw: 0.05,
  eventLoopUtilization: 0.5,
  sendLagP99Ms: 5,
  /** Different latencies ÷ latencies, below which the clock and not the system made them. */
  distinctLatencyShare: 0.1,
  /** Share of an arm's time in which the machine did not let the load generator run. */
  stalledShare: 0.05,
  /** Speed-up ÷ replicas beyond which replicas alone cannot explain it, and beyond which it is worth a look. */
  impossibleEfficiency: 1.1,
  surprisingEfficiency: 1.03,
  /** Valid requests per arm below which no verdict is given, and below which a p95 is one or two requests. */
  fewestRequests: 100,
  requestsForP95: 200,
  /** Least share of answers with the endpoint picker's mark, where each had it. */
  pickerShare: 0.99,
  /** Cached share of prompts that were made to share nothing. */
  cachedShare: 0.05,
} as const;
