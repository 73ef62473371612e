import type { Report } from '../model.ts';
import { benchmarkActionFormat } from './benchmark-action.ts';
import { commentFormat } from './comment.ts';
import type { Format, FormatOptions } from './format.ts';
import { jsonFormat } from './json.ts';
import { junitFormat } from './junit.ts';
import { llmDAllFormat, llmDOneFormat } from './llm-d.ts';
import { openMetricsFormat } from './openmetrics.ts';
import { summaryFormat } from './summary.ts';
import { textFormat } from './text.ts';

/** Every format of a report, in the order in which messages list them. */
export const FORMATS: readonly Format[] = [
  textFormat,
  commentFormat,
  summaryFormat,
  jsonFormat,
  llmDOneFormat,
  llmDAllFormat,
  benchmarkActionFormat,
  openMetricsFormat,
  junitFormat,
];

/** The files that a run with this report leaves: their names and whole texts. */
export function resultFiles(report: Report, options: FormatOptions): [file: string, text: string][] {
  return FORMATS.flatMap((format): [string, string][] =>
    format.file !== null && format.applies(report) ? [[format.file, format.render(report, options)]] : [],
  );
}
