import { byId, element } from './dom.ts';

/** What a reader may do with the selected run. */
export interface SelectionActions {
  onClear: () => void;
  onCompare: () => void;
}

/** Shows all that the table has of a run, at the head of the page; hides it for no run. */
export function showSelected(row: HTMLTableRowElement | null, actions: SelectionActions): void {
  const place = byId('selected');
  place.hidden = row === null;
  place.replaceChildren();
  if (!row) return;
  const names = [...(row.closest('table')?.querySelectorAll('thead th') ?? [])].map((head) => head.textContent ?? '');
  const entries = [...row.cells].map((cell, index) => {
    const value = element('dd', ...copyOf(cell));
    return element('div', element('dt', names[index] ?? ''), value);
  });
  const heading = element('h2', `Selected run of ${row.querySelector('time')?.textContent ?? ''}`);
  heading.id = 'selected-run';
  place.replaceChildren(
    heading,
    element('dl', ...entries),
    button('Compare with the run before', actions.onCompare),
    ' ',
    button('Clear the selection', actions.onClear),
  );
}

/** The content of a cell, or a dash for an empty one. */
function copyOf(cell: HTMLTableCellElement): (string | Node)[] {
  return cell.textContent === '' ? ['–'] : [...cell.cloneNode(true).childNodes];
}

function button(text: string, onClick: () => void): HTMLButtonElement {
  const made = element('button', text);
  made.type = 'button';
  made.addEventListener('click', onClick);
  return made;
}
