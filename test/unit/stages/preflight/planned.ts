import { parseDocument } from 'yaml';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { type PlannedPods, plannedPods } from '../../../../src/stack/planned-pods.ts';
import type { Look } from '../../../../src/stages/preflight/table.ts';

/** A service with three replicas and a picker, whose template is that of the argument. */
export function service(template: object = {}, spec: object = {}): Manifest {
  const object = {
    apiVersion: 'serving.kserve.io/v1alpha1',
    kind: 'LLMInferenceService',
    metadata: { name: 'qwen', namespace: 'ns' },
    spec: { replicas: 3, router: { scheduler: {} }, template, ...spec },
  };
  return {
    object,
    file: 'service.yaml',
    line: 1,
    // A line for each field, so that a test can see which one was meant.
    lineOf: (path) => 100 + path.length,
  };
}

export function pods(template: object, spec: object = {}, others: Manifest[] = []): PlannedPods[] {
  const manifest = service(template, spec);
  return plannedPods([manifest, ...others], manifest);
}

/** A manifest with the lines of its text. */
export function written(text: string): Manifest {
  const document = parseDocument(text);
  const lineOf = (path: readonly (string | number)[]) => {
    const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
    return node?.range ? text.slice(0, node.range[0]).split('\n').length : null;
  };
  return { object: document.toJS(), file: 'service.yaml', line: 1, lineOf };
}

/** What a check finds: its line, or its failure. */
export async function found(run: () => Look | Promise<Look>): Promise<Look | Failure> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
