import type { Emit } from './events.ts';
import { plainRenderer, type RendererOptions } from './plain.ts';

export interface ActionsRendererOptions extends RendererOptions {
  startGroup: (title: string) => void;
  endGroup: () => void;
}

/**
 * The Actions log: a stage's start and its result stay outside of groups, as a table of contents; what happens between
 * folds into one, opened by its first line. Stages overlap (nodes come up while manifests are applied), so a group holds
 * the lines of the stage that writes until the next start or result. The closing lines come last, outside of any group, where
 * the page of a failed step opens.
 */
export function actionsRenderer(options: ActionsRendererOptions): Emit {
  let open = false;
  let title: string | null = null;
  const write = (line: string) => {
    if (title !== null && !open) {
      options.startGroup(title);
      open = true;
    }
    options.write(neutral(line));
  };
  const plain = plainRenderer({ now: options.now, write });
  return (event) => {
    title =
      'text' in event || event.type === 'waiting' || event.type === 'checked'
        ? `${'stage' in event ? event.stage : 'details'}: details`
        : null;
    if (title === null && open) {
      options.endGroup();
      open = false;
    }
    plain(event);
  };
}

/**
 * Text from a pod must not become a workflow command. The runner takes `::name::` at the start of a line, after white
 * space, and the older `##[name]` anywhere in it (actions/runner, ActionCommand.cs).
 */
export function neutral(line: string): string {
  return line.replace(/^(\s*)::/, '$1\u200b::').replaceAll('##[', '##\u200b[');
}
