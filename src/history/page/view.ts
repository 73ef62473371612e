import { createHash } from 'node:crypto';
import type { CauseRow, Night, PageModel, Tile } from './model.ts';
import { capital, dataJson, esc } from './text.ts';

/** What is inlined: the charts' script with its library, and the style. Built into `dist/page/`. */
export interface PageAssets {
  script: string;
  style: string;
}

/** What the page's script is given. Columns, so that a year of nights stays small. */
export interface PageData {
  times: PageModel['times'];
  runs: PageModel['runs'];
  charts: PageModel['charts'];
  epochs: PageModel['epochs'];
  records: PageModel['records'];
  series: string;
}

const STATE_SIGNS = { pass: '✓', fail: '✗', inconclusive: '?', invalid: '!', error: '–' } as const;
const BLAMES = {
  change: 'the change',
  config: 'the configuration',
  cluster: 'the cluster',
  cloud: 'Google Cloud',
  operator: 'whoever stopped it',
  gate: 'the gate',
} as const;
/** Cells of the strip of outcomes. */
const STRIP = 60;

/**
 * The page as one file of HTML, which needs no network: the policy in its head forbids all of it. Readable without its
 * script: the table has what the charts show.
 */
export function renderPage(model: PageModel, assets: PageAssets, { title = 'TPU serving gate' } = {}): string {
  const { series, times, runs, charts, epochs, records } = model;
  const data: PageData = { times, runs, charts, epochs, records, series };
  const policy = [
    "default-src 'none'",
    `script-src '${digest(assets.script)}'`,
    `style-src '${digest(assets.style)}'`,
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
<title>${esc(model.heading)}</title>
<style>${assets.style}</style>
</head>
<body>
<a class="skip" href="#nights">Skip to the table of runs</a>
<header>
<p class="series">${esc(title)}, series ${esc(series)}</p>
<h1 class="state ${model.state}">${esc(model.heading)}</h1>
${model.sentences.map((sentence) => `<p>${esc(sentence)}</p>`).join('\n')}
${alerts(model.alerts)}
</header>
<main>
${tiles(model.tiles)}
${strip(model.nights)}
${charts.length > 0 ? figures(model) : ''}
${causes(model.causes)}
${nights(model)}
${compare(model)}
</main>
<footer><p>Made from the history of the gate. Times are UTC; costs are list prices, an estimate. Nothing on this page is loaded from elsewhere.</p></footer>
<script type="application/json" id="data">${dataJson(data)}</script>
<script>${assets.script}</script>
</body>
</html>
`;
}

function alerts(urls: readonly string[]): string {
  if (urls.length === 0) return '';
  const links = urls.map((url) => `<a href="${esc(url)}">${esc(/\/issues\/(\d+)$/.exec(url)?.[1] ?? url)}</a>`);
  return `<p>Open ${urls.length === 1 ? 'issue' : 'issues'}: ${links.join(', ')}</p>`;
}

/** The source expression of a policy for a text that is inlined (CSP 3, section 2.3.1). */
function digest(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

function tiles(all: readonly Tile[]): string {
  if (all.length === 0) return '';
  const items = all.map(
    ({ label, value, note }) =>
      `<div><dt>${esc(label)}</dt><dd><strong>${esc(value)}</strong> <span>${esc(note)}</span></dd></div>`,
  );
  return `<dl class="tiles">\n${items.join('\n')}\n</dl>`;
}

/** One cell for each run, by a sign and a word beside the colour. */
function strip(newestFirst: readonly Night[]): string {
  if (newestFirst.length === 0) return '';
  const shown = newestFirst.slice(0, STRIP).reverse();
  const counts = [...Map.groupBy(shown, ({ verdict }) => verdict)].map(([verdict, own]) => `${own.length} ${verdict}`);
  const cells = shown.map(({ verdict, time }) => {
    const sign = STATE_SIGNS[verdict] ?? '·';
    return `<li class="${esc(verdict)}"><span aria-hidden="true">${sign}</span><span class="hidden">${esc(`${time} ${verdict}`)}</span></li>`;
  });
  const runs = shown.length === 1 ? 'The only run' : `The last ${shown.length} runs`;
  return `<section aria-labelledby="outcomes"><h2 id="outcomes">Outcomes</h2>
<p>${runs}: ${esc(counts.join(', '))}. ${legend()}</p>
<ol class="strip">${cells.join('')}</ol></section>`;
}

function legend(): string {
  return Object.entries(STATE_SIGNS)
    .map(([verdict, sign]) => `<span class="key ${verdict}">${sign}</span> ${verdict}`)
    .join(', ');
}

function figures({ charts, epochs }: PageModel): string {
  const list = charts.map(
    ({ id, title, description, target, lines }) => `<figure aria-labelledby="chart-${id}">
<h3 id="chart-${id}">${esc(title)}</h3>
<div class="chart" data-chart="${id}" role="img" aria-label="${esc(`${title}. ${description}`)}"></div>
<figcaption>${esc(legendOf(lines, target?.label ?? null))}${esc(capital(description))}</figcaption>
</figure>`,
  );
  const marked = epochs.length > 0 ? ' A vertical line is a change of what is measured; the table names it.' : '';
  return `<section aria-labelledby="charts"><h2 id="charts">Charts</h2>
<noscript><p>The charts need JavaScript; the table below has the same figures.</p></noscript>
<p>A click on a point opens its run.${marked} Drag over a chart to look closer, double-click to see all again.</p>
<div class="charts">
${list.join('\n')}
</div></section>`;
}

function legendOf(lines: readonly { label: string; dash: string }[], target: string | null): string {
  if (lines.length < 2) return target === null ? '' : 'The band is the interval; the shaded range is the target. ';
  return `${capital(lines.map(({ label, dash }) => `${dash} is ${label}`).join(', '))}. `;
}

function causes(rows: readonly CauseRow[]): string {
  if (rows.length === 0) return '';
  const body = rows.map(
    ({ cause, blame, count, last }) =>
      `<tr><th scope="row"><code>${esc(cause)}</code></th><td>${blame ? esc(BLAMES[blame] ?? blame) : 'not known'}</td><td class="number">${count}</td><td>${esc(last)}</td></tr>`,
  );
  return `<section aria-labelledby="causes"><h2 id="causes">Failures by cause</h2>
<div class="scroll" role="group" tabindex="0" aria-labelledby="causes"><table>
<thead><tr><th scope="col">Cause</th><th scope="col">Whose</th><th scope="col" class="number">Runs</th><th scope="col">Last</th></tr></thead>
<tbody>${body.join('\n')}</tbody>
</table></div></section>`;
}

const COLUMNS: readonly [name: string, kind: 'text' | 'number'][] = [
  ['Time', 'text'],
  ['Verdict', 'text'],
  ['Speedup', 'number'],
  ['All, req/s', 'number'],
  ['One, req/s', 'number'],
  ['p95, ms', 'number'],
  ['Hit rate', 'number'],
  ['Cost', 'number'],
  ['Cause', 'text'],
  ['Commit', 'text'],
  ['Run', 'text'],
];

function nights({ nights: rows, leftOut }: PageModel): string {
  if (rows.length === 0) return '<section aria-labelledby="nights"><h2 id="nights">Runs</h2><p>None yet.</p></section>';
  const notes = [
    leftOut.older > 0 ? `${leftOut.older} older runs are in the history and not on this page.` : '',
    leftOut.unreadable > 0 ? `${leftOut.unreadable} lines of the history could not be read.` : '',
  ].filter((note) => note !== '');
  const columns = COLUMNS.map(
    ([name, kind]) => `<th scope="col"${kind === 'number' ? ' class="number"' : ''}>${name}</th>`,
  );
  return `<section aria-labelledby="nights"><h2 id="nights">Runs</h2>
${notes.map((note) => `<p>${esc(note)}</p>`).join('\n')}
<form class="filter" hidden>
<label>Show <select id="range"><option value="30">last 30</option><option value="90">last 90</option><option value="">all</option></select></label>
<label>with verdict <select id="verdict"><option value="">any</option>${Object.keys(STATE_SIGNS)
    .map((verdict) => `<option>${verdict}</option>`)
    .join('')}</select></label>
<button type="button" id="json">Download JSON</button>
<button type="button" id="csv">Download CSV</button>
<span id="shown" role="status"></span>
</form>
<div class="scroll" role="group" tabindex="0" aria-labelledby="nights"><table id="table">
<thead><tr>${columns.join('')}</tr></thead>
<tbody>
${rows.map(night).join('\n')}
</tbody>
</table></div></section>`;
}

function night(row: Night): string {
  const number = (text: string) => `<td class="number">${esc(text)}</td>`;
  const linked = (text: string, url: string | null) => (url ? `<a href="${esc(url)}">${esc(text)}</a>` : esc(text));
  const changed = row.changed.length > 0 ? `<span class="changed">changed: ${esc(row.changed.join('; '))}</span>` : '';
  return `<tr data-verdict="${esc(row.verdict)}"><th scope="row"><time datetime="${esc(row.ts)}">${esc(row.time)}</time>${changed}</th><td class="verdict"><span class="key ${esc(row.verdict)}" aria-hidden="true">${STATE_SIGNS[row.verdict] ?? '·'}</span> ${esc(row.verdict)}</td>${number(row.speedup)}${number(row.all)}${number(row.one)}${number(row.p95)}${number(row.hitRate)}${number(row.cost)}<td>${row.cause ? `<code>${esc(row.cause)}</code>` : ''}</td><td>${row.sha ? linked(row.sha, row.commitUrl) : '–'}</td><td>${linked(`#${row.runNumber}`, row.runUrl)}</td></tr>`;
}

/** Filled by the script: what differs between two runs. */
function compare({ nights: rows }: PageModel): string {
  if (rows.length < 2) return '';
  return `<section aria-labelledby="compare" id="comparison" hidden><h2 id="compare">Compare two runs</h2>
<form class="filter"><label>From <select id="from"></select></label> <label>to <select id="to"></select></label></form>
<div class="scroll" role="group" tabindex="0" aria-labelledby="compare"><table><thead><tr><th scope="col">What</th><th scope="col">From</th><th scope="col">To</th></tr></thead><tbody id="difference"></tbody></table></div></section>`;
}
