import type { Report } from '../model.ts';
import { benchmarkActionFormat } from './benchmark-action.ts';
import { bmfFormat } from './bmf.ts';
import { commentFormat } from './comment.ts';
import type { Format, FormatOptions } from './format.ts';
import { jsonFormat } from './json.ts';
import { junitFormat } from './junit.ts';
import {
  llmDAllFormat,
  llmDBaseFormat,
  llmDGoodputFormat,
  llmDHeadFormat,
  llmDOneFormat,
  llmDOpenFormat,
} from './llm-d.ts';
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
  llmDHeadFormat,
  llmDBaseFormat,
  llmDOpenFormat,
  llmDGoodputFormat,
  benchmarkActionFormat,
  bmfFormat,
  openMetricsFormat,
  junitFormat,
];

/** The files that a run with this report leaves: their names and whole texts. */
export function resultFiles(report: Report, options: FormatOptions): [file: string, text: string][] {
  return FORMATS.flatMap((format): [string, string][] => {
    if (!format.applies(report)) return [];
    if (format.parts) return format.parts(report);
    return format.file === null ? [] : [[format.file, format.render(report, options)]];
  });
}
