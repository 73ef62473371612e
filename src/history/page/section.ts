import type { ChangePoint } from './changes.ts';
import { descriptionOf } from './charts.ts';
import { esc, linked, runFragment } from './html.ts';
import type { CauseRow, Night, PageModel } from './model.ts';
import { nightTable } from './night-table.ts';
import { pointLegend, SIGNS } from './signs.ts';
import { capital } from './text.ts';
import type { Tile } from './tiles.ts';

const BLAMES = {
  change: 'the change',
  config: 'the configuration',
  cluster: 'the cluster',
  cloud: 'Google Cloud',
  operator: 'whoever stopped it',
  gate: 'the gate',
} as const;
/** Cells of the strip of outcomes, and rows of the table of change points. */
const STRIP = 60;
const MOST_CHANGES = 50;

/** One series of the page. Its ids begin with `id`, since a page may have several. */
export function seriesSection(model: PageModel, id: string): string {
  return `<section class="series" id="${id}" aria-labelledby="${id}-state">
<h1 id="${id}-state" class="state ${model.state}">${esc(model.heading)}</h1>
<p class="name">Series ${esc(model.series)}</p>
${model.sentences.map((sentence) => `<p class="sentence">${esc(sentence)}</p>`).join('\n')}
${alerts(model.alerts)}
${tiles(model.tiles)}
${strip(model.nights, id)}
${model.charts.length > 0 ? figures(model, id) : ''}
${changePoints(model.changes, id)}
${causes(model.causes, id)}
${nightTable(model, id)}
</section>`;
}

function alerts(urls: readonly string[]): string {
  if (urls.length === 0) return '';
  const links = urls.map((url) => linked(/\/issues\/(\d+)$/.exec(url)?.[1] ?? url, url));
  return `<p>Open ${urls.length === 1 ? 'issue' : 'issues'}: ${links.join(', ')}</p>`;
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
function strip(newestFirst: readonly Night[], id: string): string {
  if (newestFirst.length === 0) return '';
  const shown = newestFirst.slice(0, STRIP).reverse();
  const counts = [...Map.groupBy(shown, ({ verdict }) => verdict)].map(([verdict, own]) => `${own.length} ${verdict}`);
  const cells = shown.map(({ verdict, time }) => {
    const sign = SIGNS[verdict] ?? '·';
    return `<li class="${esc(verdict)}"><span aria-hidden="true">${sign}</span><span class="hidden">${esc(`${time} ${verdict}`)}</span></li>`;
  });
  const runs = shown.length === 1 ? 'The only run' : `The last ${shown.length} runs`;
  const legend = Object.entries(SIGNS).map(
    ([verdict, sign]) => `<span class="key ${verdict}">${sign}</span> ${verdict}`,
  );
  return `<section aria-labelledby="${id}-outcomes"><h2 id="${id}-outcomes">Outcomes</h2>
<p>${runs}: ${esc(counts.join(', '))}. ${legend.join(', ')}</p>
<ol class="strip">${cells.join('')}</ol></section>`;
}

function figures({ charts, changes, records }: PageModel, id: string): string {
  const list = charts.map((chart) => {
    const name = `${id}-chart-${chart.id}`;
    const description = descriptionOf(chart, records);
    return `<figure data-metric="${chart.id}" aria-labelledby="${name}">
<h3 id="${name}">${esc(chart.title)}</h3>
<div class="chart" data-chart="${chart.id}" role="img" aria-label="${esc(`${chart.title}. ${description}`)}"></div>
<figcaption>${esc(legendOf(chart))}${esc(capital(description))}</figcaption>
</figure>`;
  });
  const marked = changes.length > 0 ? ' A vertical line is a change point; the table below the charts has each.' : '';
  return `<section aria-labelledby="${id}-charts"><h2 id="${id}-charts">Charts</h2>
<noscript><p>The charts need JavaScript; the table of runs has the same figures.</p></noscript>
<p>Points by verdict: ${pointLegend()}. A run without the figure is at the bottom.${marked}</p>
<p>Click a point to select its run. Drag over a chart to zoom all of them. Double-click to see all runs.</p>
<div class="charts">
${list.join('\n')}
</div></section>`;
}

function legendOf({ lines, targets, interval }: PageModel['charts'][number]): string {
  if (lines.length > 1) return `${capital(lines.map(({ label, dash }) => `${dash} is ${label}`).join(', '))}. `;
  if (!interval) return '';
  return `The band is the interval. ${targets ? 'The shaded range is the target of each night. ' : ''}`;
}

function changePoints(changes: readonly ChangePoint[], id: string): string {
  if (changes.length === 0) return '';
  const shown = changes.slice(-MOST_CHANGES).reverse();
  const list = (texts: readonly string[]) =>
    texts.length === 0 ? '–' : `<ul>${texts.map((text) => `<li>${esc(text)}</li>`).join('')}</ul>`;
  const rows = shown.map(({ key, day, shifts, changed, commits }) => {
    const since = `<th scope="row">${linked(day, runFragment(key))}</th>`;
    const range = commits ? linked(commits.text, commits.url) : 'not known';
    return `<tr>${since}<td>${list(shifts)}</td><td>${list(changed)}</td><td class="commits">${range}</td></tr>`;
  });
  const older =
    changes.length > shown.length ? `<p>${changes.length - shown.length} older change points are not shown.</p>` : '';
  return `<section aria-labelledby="${id}-changes"><h2 id="${id}-changes">Change points</h2>
${older}<div class="scroll" role="group" tabindex="0" aria-labelledby="${id}-changes"><table class="changes">
<thead><tr><th scope="col">Since</th><th scope="col">Figures that moved</th><th scope="col">What changed</th><th scope="col">Commits</th></tr></thead>
<tbody>${rows.join('\n')}</tbody>
</table></div></section>`;
}

function causes(rows: readonly CauseRow[], id: string): string {
  if (rows.length === 0) return '';
  const body = rows.map(
    ({ cause, blame, count, last }) =>
      `<tr><th scope="row"><code>${esc(cause)}</code></th><td>${blame ? esc(BLAMES[blame] ?? blame) : 'not known'}</td><td class="number">${count}</td><td>${esc(last)}</td></tr>`,
  );
  return `<section aria-labelledby="${id}-causes"><h2 id="${id}-causes">Failures by cause</h2>
<div class="scroll" role="group" tabindex="0" aria-labelledby="${id}-causes"><table>
<thead><tr><th scope="col">Cause</th><th scope="col">Whose</th><th scope="col" class="number">Runs</th><th scope="col">Last</th></tr></thead>
<tbody>${body.join('\n')}</tbody>
</table></div></section>`;
}
