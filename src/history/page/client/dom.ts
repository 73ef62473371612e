/** The element with this id. Throws where the page does not have it. */
export function byId<E extends HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found as E;
}

/** `1 run`, `90 runs` */
export function runsText(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

/** A new element with text, or with other elements inside. Text is never read as HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  name: K,
  ...content: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(name);
  made.append(...content);
  return made;
}
