import { esc, linked, runFragment } from './html.ts';
import type { Night, PageModel } from './model.ts';
import { SIGNS } from './signs.ts';

/** The table of all nights with its filter. `id`: prefix of the ids of its series. */
export function nightTable(model: PageModel, id: string): string {
  const { nights: rows, leftOut, columns } = model;
  const heading = `<h2 id="${id}-nights" tabindex="-1">Runs</h2>`;
  if (rows.length === 0) return `<section aria-labelledby="${id}-nights">${heading}<p>None yet.</p></section>`;
  const notes = [
    leftOut.older > 0 ? `${leftOut.older} older runs are in the history and not on this page.` : '',
    leftOut.unreadable > 0 ? `${leftOut.unreadable} lines of the history could not be read.` : '',
  ].filter((note) => note !== '');
  const head = (name: string, kind = '') => `<th scope="col"${kind}>${esc(name)}</th>`;
  const heads = [
    ...['Time', 'Verdict'].map((name) => head(name)),
    ...columns.map((name) => head(name, ' class="number"')),
    ...['Cause', 'Commit', 'Pull request', 'Run'].map((name) => head(name)),
  ];
  return `<section aria-labelledby="${id}-nights">${heading}
${notes.map((note) => `<p>${esc(note)}</p>`).join('\n')}
<form class="filter" hidden>
<label>With verdict <select class="verdict"><option value="">any</option>${Object.keys(SIGNS)
    .map((verdict) => `<option>${verdict}</option>`)
    .join('')}</select></label>
<button type="button" class="json">Download JSON</button>
<button type="button" class="csv">Download CSV</button>
<span class="shown" role="status"></span>
</form>
<div class="scroll tall" role="group" tabindex="0" aria-labelledby="${id}-nights"><table class="runs">
<thead><tr>${heads.join('')}</tr></thead>
<tbody>
${rows.map(rowOf).join('\n')}
</tbody>
</table></div></section>`;
}

function rowOf(row: Night): string {
  const changed = row.changed.length > 0 ? `<span class="changed">changed: ${esc(row.changed.join('; '))}</span>` : '';
  const fragment = runFragment(row.key);
  const when = `<time datetime="${esc(row.ts)}">${esc(row.time)}</time>`;
  const time = fragment === null ? when : `<a href="${esc(fragment)}">${when}</a>`;
  const subject = row.subject === '' ? '' : ` <span class="subject">${esc(row.subject)}</span>`;
  const cells = [
    `<th scope="row">${time}${changed}</th>`,
    `<td class="outcome"><span class="key ${esc(row.verdict)}" aria-hidden="true">${SIGNS[row.verdict] ?? '·'}</span> ${esc(row.verdict)}</td>`,
    ...row.figures.map((text) => `<td class="number">${esc(text)}</td>`),
    `<td>${row.cause ? `<code>${esc(row.cause)}</code>` : ''}</td>`,
    `<td>${row.sha ? linked(row.sha, row.commitUrl) : '–'}${subject}</td>`,
    `<td>${row.pullRequest ? linked(row.pullRequest.text, row.pullRequest.url) : ''}</td>`,
    `<td>${linked(`#${row.runNumber}`, row.runUrl)}</td>`,
  ];
  return `<tr data-key="${esc(row.key)}" data-verdict="${esc(row.verdict)}">${cells.join('')}</tr>`;
}
