/** The middle value; the mean of the two middle ones of an even count. */
export function median(values: Iterable<number>): number {
  return middleOf(Float64Array.from(values).sort());
}

/** As `median`, of values that are sorted. */
export function middleOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Standard score of the rank sum of `a` among both, ties by their mean rank (Mann and Whitney 1947, normal approximation). */
export function mannWhitneyZ(a: readonly number[], b: readonly number[]): number {
  const all = [...a.map((value) => ({ value, first: true })), ...b.map((value) => ({ value, first: false }))].sort(
    (x, y) => x.value - y.value,
  );
  const n = all.length;
  let sum = 0;
  let ties = 0;
  for (let start = 0; start < n; ) {
    let end = start;
    while (end < n && all[end]!.value === all[start]!.value) end += 1;
    const rank = (start + end + 1) / 2;
    const count = end - start;
    ties += count ** 3 - count;
    sum += rank * all.slice(start, end).filter(({ first }) => first).length;
    start = end;
  }
  const u = sum - (a.length * (a.length + 1)) / 2;
  const variance = ((a.length * b.length) / 12) * (n + 1 - ties / (n * (n - 1)));
  return variance <= 0 ? 0 : (u - (a.length * b.length) / 2) / Math.sqrt(variance);
}
