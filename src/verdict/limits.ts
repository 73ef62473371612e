/** Where a measurement stops being plausible. */
export const LIMITS = {
  errorRate: 0.005,
  /** Relative difference of the mean output tokens of the arms. */
  outputTokens: 0.02,
  /** Share of the ordered tokens by which the replicas' counters may be off. */
  countedTokens: 0.005,
  /** Relative difference of the arms in what the answers report of prompts of equal length, and in their text. */
  promptTokens: 0.02,
  answerText: 0.05,
  /** Chance of such a difference below which it is not the choice of prompts. */
  differenceByChance: 1e-4,
  /** Text for each reported output token, UTF-16 units: scripts that need several tokens for a character have 0.3. */
  fewestTextChars: 0.25,
  /** Bytes of a prompt for each reported token of it: English has 4 to 5, and no vocabulary 16 on average. */
  mostPromptBytes: 16,
  littlesLaw: 0.05,
  eventLoopUtilization: 0.5,
  sendLagP99Ms: 5,
  /** Different latencies ÷ latencies, below which the clock and not the system made them. */
  distinctLatencyShare: 0.1,
  /** Share of an arm's time in which the machine did not let the load generator run. */
  stalledShare: 0.05,
  /** Speedup ÷ replicas beyond which replicas alone cannot explain it, and beyond which it is worth a look. */
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
