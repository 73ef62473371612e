import { describe, expect, it } from 'vitest';
import {
  isOfTheGate,
  isPicker,
  isWorkload,
  pickerLabels,
  pickerSelector,
  replicaLabels,
  workloadSelector,
} from '../../../src/stack/labels.ts';

/** Whether labels fit a selector of equalities. */
const fits = (selector: string, labels: Record<string, string>) =>
  selector.split(',').every((part) => {
    const [name = '', value] = part.split('=');
    return labels[name] === value;
  });

describe('labels of the pods that KServe makes', () => {
  const replica = replicaLabels('qwen');
  const picker = pickerLabels('qwen');

  it('are selected by the selector of their kind alone', () => {
    expect(fits(workloadSelector('qwen'), replica)).toBe(true);
    expect(fits(workloadSelector('qwen'), picker)).toBe(false);
    expect(fits(pickerSelector('qwen'), picker)).toBe(true);
    expect(fits(pickerSelector('qwen'), replica)).toBe(false);
    expect(fits(workloadSelector('other'), replica)).toBe(false);
  });

  it('tell replica and picker apart on an object that has been read', () => {
    const at = (labels?: Record<string, string>) => ({ metadata: { name: 'x', ...(labels ? { labels } : {}) } });
    expect([isWorkload(at(replica)), isPicker(at(replica))]).toEqual([true, false]);
    expect([isWorkload(at(picker)), isPicker(at(picker))]).toEqual([false, true]);
    expect([isWorkload(at()), isPicker(at()), isOfTheGate(at())]).toEqual([false, false, false]);
    expect(isOfTheGate(at({ 'app.kubernetes.io/managed-by': 'tpu-serving-gate' }))).toBe(true);
    expect(isOfTheGate(at({ 'app.kubernetes.io/managed-by': 'Helm' }))).toBe(false);
  });
});
