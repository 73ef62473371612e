import type { Emit } from './events.ts';
import { plainRenderer, type RendererOptions } from './plain.ts';

export interface ActionsRendererOptions extends RendererOptions {
  startGroup: (title: string) => void;
  endGroup: () => void;
}

/**
 * The Actions log: each stage's lines fold into a group, its start and its result stay outside of it, and the closing
 * lines come last, outside of any group, where the page of a failed step opens. Stages overlap (nodes come up while
 * manifests are applied), and groups do not nest, so a group ends when another stage begins.
 */
export function actionsRenderer(options: ActionsRendererOptions): Emit {
  let open = false;
  const close = () => {
    if (open) options.endGroup();
    open = false;
  };
  const plain = plainRenderer({ now: options.now, write: (line) => options.write(neutral(line)) });
  return (event) => {
    if (event.type === 'stage-start') {
      close();
      plain(event);
      options.startGroup(`${event.stage}: details`);
      open = true;
      return;
    }
    if (event.type === 'stage-end' || event.type === 'closing') close();
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
