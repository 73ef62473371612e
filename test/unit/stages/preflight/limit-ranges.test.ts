import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../../src/clients/files/manifests.ts';
import type { LimitRange, LimitRangeItem } from '../../../../src/clients/kubernetes/kinds.ts';
import { Failure } from '../../../../src/lib/failure.ts';
import { rulesOf } from '../../../../src/stages/preflight/brought-rules.ts';
import { checkLimitRanges } from '../../../../src/stages/preflight/limit-ranges.ts';
import { found, pods, written } from './planned.ts';

const range = (...limits: LimitRangeItem[]): LimitRange => ({
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'bounds', namespace: 'ns' },
  spec: { limits },
});

const rules = (there: LimitRange[] | null, ...manifests: Manifest[]) =>
  rulesOf<LimitRange>('LimitRange', there, { namespace: 'ns', manifests });

/** A sidecar with these resources; the rest of the pods is open, or keeps to anything. */
const extra = (resources: object) => ({ containers: [{ name: 'main' }, { name: 'extra', resources }] });

async function judged(template: object, ...items: LimitRangeItem[]): Promise<string> {
  const result = await found(() => checkLimitRanges('ns', rules([range(...items)]), pods(template).slice(0, 1)));
  return result instanceof Failure ? result.message : (result.outcome ?? 'pass');
}

const container = (rule: LimitRangeItem): LimitRangeItem => ({ type: 'Container', ...rule });

describe('a container', () => {
  const WHOLE = { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '2', memory: '2Gi' } };

  it.each<[object, LimitRangeItem, RegExp]>([
    [WHOLE, { min: { cpu: '1500m' } }, /container extra .* requests 1 of cpu, and allowed are at least 1500m/],
    [WHOLE, { min: { memory: '3Gi' } }, /requests 1Gi of memory, and allowed are at least 3Gi/],
    [WHOLE, { max: { cpu: '1' } }, /limits cpu to 2, and allowed are at most 1/],
    [WHOLE, { maxLimitRequestRatio: { cpu: '1' } }, /limits and requests of cpu of 2 to 1, .* at most 1 times/],
    [{}, { min: { cpu: '1' } }, /container extra .* requests no cpu/],
    [{}, { max: { memory: '1Gi' } }, /container extra .* limits memory to nothing/],
    [{}, { maxLimitRequestRatio: { cpu: '2' } }, /container extra .* no request and no limit of cpu/],
    [{ limits: { cpu: '4' } }, { max: { cpu: '2' } }, /limits cpu to 4/],
  ])('with %j is refused by %j', async (resources, rule, words) => {
    expect(await judged(extra(resources), container(rule))).toMatch(words);
  });

  it('that limits what it does not request requests the limit', async () => {
    const template = { containers: [{ name: 'main', resources: { limits: { cpu: '4' } } }] };
    const closed = { ...template, initContainers: [] };
    expect(await judged(closed, container({ min: { cpu: '4' }, max: { cpu: '4' } }))).toBe('pass');
  });

  it('gets the defaults, and is held against the bounds with them', async () => {
    const bare = { containers: [{ name: 'main' }] };
    const rule = { max: { memory: '4Gi' } };
    expect(await judged(bare, container({ ...rule, default: { memory: '2Gi' } }))).toBe('pass');
    expect(await judged(bare, container({ ...rule, default: { memory: '8Gi' } }))).toMatch(/limits memory to 8Gi/);
  });
});

describe('a pod', () => {
  it('is held against the sum of its containers', async () => {
    const two = {
      containers: [
        { name: 'main', resources: { limits: { cpu: '5' } } },
        { name: 'b', resources: { limits: { cpu: '4' } } },
      ],
    };
    expect(await judged(two, { type: 'Pod', max: { cpu: '8' } })).toMatch(
      /each of the replicas of qwen limits cpu to 9/,
    );
    expect(await judged(two, { type: 'Pod', max: { cpu: '9' } })).toBe('pass');
  });

  it('whose presets are not known is not held for too little', async () => {
    const result = checkLimitRanges('ns', rules([range({ type: 'Pod', min: { cpu: '8' } })]), pods({}).slice(-1));
    expect(result).toMatchObject({
      outcome: 'not-checked',
      seen: expect.stringContaining('the endpoint picker of qwen'),
    });
  });
});

describe('the line on limits', () => {
  it('names file, line, rule and fix of all at once', async () => {
    const failure = await found(() =>
      checkLimitRanges(
        'ns',
        rules([range(container({ max: { cpu: '1', memory: '1Gi' } }))]),
        pods(extra({ limits: { cpu: '2', memory: '2Gi' } })).slice(0, 1),
      ),
    );
    expect(failure).toMatchObject({
      code: 'limit-range',
      blame: 'change',
      message: expect.stringMatching(/^service.yaml:105: container main .* \(LimitRange bounds of ns\); /),
      hint: expect.stringContaining('Set requests.cpu and limits.cpu to 1 or less.'),
    });
  });

  it('passes over claims, which the dry run holds against them, and names what may not be read', async () => {
    expect(await judged({}, { type: 'PersistentVolumeClaim', max: { storage: '1Gi' } })).toBe('pass');
    expect(checkLimitRanges('ns', rules(null), [])).toMatchObject({
      outcome: 'not-checked',
      seen: 'LimitRanges of ns may not be read',
    });
    expect(checkLimitRanges('ns', rules([]), [])).toEqual({ seen: 'no LimitRange in ns' });
  });
});

describe('a LimitRange that the manifests bring', () => {
  const own = (max: string) =>
    written(
      `apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: bounds\nspec:\n  limits:\n    - type: Container\n      max:\n        cpu: "${max}"\n`,
    );
  const asks = pods({ containers: [{ name: 'main', resources: { limits: { cpu: '2' } } }] }).slice(0, 1);
  const outcomeOf = async (given: ReturnType<typeof rules>) => {
    const result = await found(() => checkLimitRanges('ns', given, asks));
    return result instanceof Failure ? result.message : (result.outcome ?? 'pass');
  };

  it('is held against the pods as one of the cluster', async () => {
    expect(await outcomeOf(rules([], own('1')))).toContain(
      'limits cpu to 2, and allowed are at most 1 (LimitRange bounds of ns)',
    );
    expect(await outcomeOf(rules(null, own('1')))).toContain('allowed are at most 1');
    expect(await outcomeOf(rules(null, own('2')))).toBe('not-checked');
  });

  it('replaces its namesake as a whole', async () => {
    const there = range(container({ max: { cpu: '1' }, min: { cpu: '4' } }));
    expect(await outcomeOf(rules([there]))).toContain('allowed are at most 1');
    expect(await outcomeOf(rules([there], own('2')))).toBe('pass');
  });

  it('gives the defaults that the API server fills in', async () => {
    const bare = pods({ containers: [{ name: 'main' }] }).slice(0, 1);
    expect(checkLimitRanges('ns', rules([], own('2')), bare)).toEqual({ seen: 'the pods keep to bounds' });
  });

  it('with limits of another shape is no concern', async () => {
    const odd = written('apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: odd\nspec:\n  limits: [text, 1]\n');
    expect(await outcomeOf(rules([], odd))).toBe('pass');
  });
});
