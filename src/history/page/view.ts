import { createHash } from 'node:crypto';
import { dataJson, esc } from './html.ts';
import type { PageModel } from './model.ts';
import { seriesSection } from './section.ts';

/** What is inlined: the charts' script with its library, and the style. Built into `dist/page/`. */
export interface PageAssets {
  script: string;
  style: string;
}

/** What the page's script is given of one series. It draws the charts from the records, as the table was made. */
export interface SeriesData {
  series: string;
  records: PageModel['records'];
  /** Indices of the records at which something changed. */
  changes: number[];
}

/**
 * The page as one file of HTML, which needs no network: the policy in its head forbids all of it. It has at least one series,
 * and shows the first. Readable without its script: the tables have what the charts show.
 */
export function renderPage(
  models: readonly [PageModel, ...PageModel[]],
  assets: PageAssets,
  { title = 'TPU serving gate' } = {},
): string {
  const [first] = models;
  const data = models.map(({ series, records, changes }): SeriesData => {
    return { series, records, changes: changes.map(({ index }) => index) };
  });
  const policy = [
    "default-src 'none'",
    `script-src '${digest(assets.script)}'`,
    `style-src '${digest(assets.style)}'`,
    // Of the icon, without which a browser asks the server for one.
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${esc(first.heading)}</title>
<style>${assets.style}</style>
</head>
<body>
<a class="skip" href="#s0-nights">Skip to the table of runs</a>
<header><p class="title">${esc(title)}</p></header>
<main>
${controls(models)}
${models.map((model, index) => seriesSection(model, `s${index}`)).join('\n')}
${compare(models)}
</main>
<footer><p>Made from the history of the gate. Times are UTC; costs are list prices, an estimate. Nothing on this page is loaded from elsewhere.</p></footer>
<script type="application/json" id="data">${dataJson(data)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}

/** The source expression of a policy for a text that is inlined (CSP 3, section 2.3.1). */
function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

/** What the script shows by: the series, the range of all charts and of the table, and the metric. */
function controls(models: readonly PageModel[]): string {
  const option = (value: string, text: string) => `<option value="${esc(value)}">${esc(text)}</option>`;
  const series = models.map((model) => option(model.series, model.series));
  const choice = models.length > 1 ? `<label>Series <select id="series">${series.join('')}</select></label>` : '';
  const ranges = [30, 90, 365].map((runs) => option(String(runs), `last ${runs} runs`));
  const metrics = new Map(models.flatMap(({ charts }) => charts.map(({ id, title }) => [id, title])));
  return `<form class="view" hidden aria-label="View">
${choice}
<label>Range <select id="range">${ranges.join('')}${option('all', 'all runs')}<option value="zoom" hidden>zoomed</option></select></label>
<label>Metric <select id="metric">${option('all', 'all')}${[...metrics].map(([id, title]) => option(id, title)).join('')}</select></label>
<span id="span" role="status"></span>
</form>
<section id="selected" aria-labelledby="selected-run" hidden></section>`;
}

/** Filled by the script: two runs in full. */
function compare(models: readonly PageModel[]): string {
  if (models.reduce((sum, { records }) => sum + records.length, 0) < 2) return '';
  return `<section aria-labelledby="compare" id="comparison" hidden><h2 id="compare">Compare two runs</h2>
<form class="filter"><label>From <select id="from"></select></label> <label>to <select id="to"></select></label>
<label><input type="checkbox" id="differing"> Only what differs</label> <span id="differences" role="status"></span></form>
<div class="scroll tall" role="group" tabindex="0" aria-labelledby="compare"><table><thead><tr><th scope="col">What</th><th scope="col">From</th><th scope="col">To</th><th scope="col">Difference</th></tr></thead><tbody id="difference"></tbody></table></div></section>`;
}
