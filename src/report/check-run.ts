import { VERDICTS } from '../lib/verdicts.ts';
import { wasCutOff } from './cause.ts';
import { logLine } from './escape.ts';
import { headlineText } from './headline.ts';
import type { ManifestLocation, Report } from './model.ts';

/** How a check run ends. A run that was cut off is cancelled, and nodes that were not released fail any verdict. */
export function conclusionOf(report: Report): 'success' | 'failure' | 'neutral' | 'cancelled' {
  if (report.release?.outcome === 'failed') return 'failure';
  return wasCutOff(report) ? 'cancelled' : VERDICTS[report.verdict].check;
}

/** `Pass: 2.68× the throughput of one replica`, as plain text of at most 250 characters. */
export function checkTitle(report: Report): string {
  const [, word = report.verdict] = VERDICTS[report.verdict].word.split('\u00a0');
  const left = report.release?.outcome === 'failed' ? 'TPU nodes are still running; ' : '';
  return logLine(`${left}${word}: ${headlineText(report).replaceAll('`', '')}`, 250);
}

/** A line of the manifests that a cause or a refusal names. */
export interface Place extends ManifestLocation {
  title: string;
}

/** The lines that the cause names, each once: of a refusal and a cause for one line, the refusal. */
export function placesOf({ failure, diagnosis }: Pick<Report, 'failure' | 'diagnosis'>): Place[] {
  const all = [
    ...(failure?.locations ?? []).map((place) => ({ ...place, title: 'Refused manifest' })),
    ...(diagnosis?.locations ?? []).map((place) => ({ ...place, title: diagnosis?.title ?? 'Cause' })),
  ];
  return all.filter(
    ({ file, line, message }, index) =>
      all.findIndex((each) => each.file === file && each.line === line && each.message === message) === index,
  );
}
