import { fieldsIn, itemsIn, type PlannedPods } from '../../stack/planned-pods.ts';
import { added } from './pod-security-baseline.ts';
import {
  contexts,
  forbidden,
  lacking,
  type SecurityBreach,
  type SecurityRule,
  wrongValue,
} from './pod-security-rule.ts';

/** policy/check_restrictedVolumes.go. */
const VOLUMES = [
  ...['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'image', 'persistentVolumeClaim', 'projected'],
  'secret',
];
const PROFILES: readonly unknown[] = ['RuntimeDefault', 'Localhost'];

/** What the standard restricted has beside baseline (k8s.io/pod-security-admission v0.34.4, package policy). */
export const RESTRICTED_RULES: readonly SecurityRule[] = [
  {
    level: 'restricted',
    since: 0,
    judge: ({ spec, what, path }) =>
      itemsIn(spec.volumes).flatMap((volume, index) => {
        if (VOLUMES.some((kind) => (volume[kind] ?? null) !== null)) return [];
        const [kind = 'its source'] = Object.keys(volume).filter((field) => field !== 'name');
        // A volume on the node breaks baseline already, and is reported there.
        if (kind === 'hostPath') return [];
        return [forbidden([...path, 'volumes', index], kind, volume[kind], `one of ${VOLUMES.join(', ')}`, what)];
      }),
  },
  {
    level: 'restricted',
    since: 8,
    judge: (pods) =>
      pods.containers.flatMap((container, index) => {
        const { context, whose, path } = contexts(pods)[index + 1] ?? NONE;
        const field = 'allowPrivilegeEscalation';
        const given = context[field] ?? null;
        if (given === false) return [];
        if (given === null) return [lacking(container, pods, field, 'false')];
        return [wrongValue(path, `securityContext.${field}`, given, 'false', whose)];
      }),
  },
  { level: 'restricted', since: 0, relaxed: true, judge: (pods) => inherited(pods, 'runAsNonRoot', [true]) },
  {
    level: 'restricted',
    since: 23,
    relaxed: true,
    judge: (pods) =>
      contexts(pods).flatMap(({ context, whose, path }) =>
        context.runAsUser === 0 ? [forbidden(path, 'securityContext.runAsUser', 0, 'any user but 0', whose)] : [],
      ),
  },
  {
    level: 'restricted',
    since: 19,
    // A bad value breaks baseline already.
    judge: (pods) => inherited(pods, 'seccompProfile.type', PROFILES).filter(({ lacks }) => lacks !== null),
  },
  {
    level: 'restricted',
    since: 22,
    judge: (pods) => [
      ...pods.containers.flatMap((container) => {
        const { drop } = fieldsIn(container.fields, 'securityContext', 'capabilities');
        if (Array.isArray(drop) && drop.includes('ALL')) return [];
        const field = 'capabilities.drop';
        if (drop === undefined || drop === null) return [lacking(container, pods, field, '["ALL"]')];
        return [wrongValue(container.path, `securityContext.${field}`, drop, '["ALL"]', `container ${container.name}`)];
      }),
      ...added(pods, (name) => name === 'NET_BIND_SERVICE', 'NET_BIND_SERVICE alone'),
    ],
  },
];

const NONE: ReturnType<typeof contexts>[number] = { context: {}, whose: '', path: [] };

/** A field that a container has of itself or of its pod. What is set must be allowed, wherever it is set. */
function inherited(pods: PlannedPods, field: string, allowed: readonly unknown[]): SecurityBreach[] {
  const names = field.split('.');
  const [ofPod = NONE, ...ofContainers] = contexts(pods).map(({ context, ...rest }) => ({
    ...rest,
    context,
    value: fieldsIn(context, ...names.slice(0, -1))[names.at(-1) as string] ?? null,
  }));
  const podValue = 'value' in ofPod ? ofPod.value : null;
  const bad = [{ ...ofPod, value: podValue }, ...ofContainers].filter(
    ({ value }) => value !== null && !allowed.includes(value),
  );
  const wanted = allowed.map(String).join(' or ');
  const set = bad.map(({ value, whose, path }) => wrongValue(path, `securityContext.${field}`, value, wanted, whose));
  if (allowed.includes(podValue)) return set;
  const unset = pods.containers.filter((_, index) => ofContainers[index]?.value === null);
  return [...set, ...unset.map((container) => lacking(container, pods, field, wanted))];
}
