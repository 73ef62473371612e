import type { ResizeFault } from '../scenarios/types.ts';
import type { ClusterClock, Random } from './clock.ts';

export interface Vm {
  name: string;
  /** Wall time, ISO. */
  createdAt: string;
}

/** How a change of target ended, in words that `Expected 3, running 0` needs. */
export interface Settled {
  expected: number;
  running: number;
  /** The instances that could not be created, and why; null when all were. */
  failed: { names: string[]; reason: ResizeFault['reason'] } | null;
  /** Cluster seconds from the call to here. */
  seconds: number;
}

/** The managed instance group behind a node pool: a target size, and VMs that follow it in their own time. */
export interface InstanceGroup {
  targetSize(): number;
  /** VMs that exist now, and therefore bill. */
  vms(): Vm[];
  /** Sets the target; `settled` is called once, when the group has reached it or GKE stops waiting. */
  resize(target: number, settled: (outcome: Settled) => void): void;
  /** Raises the target by so many, as an autoscaler does while others still boot. */
  add(count: number, settled: (outcome: Settled) => void): void;
  /** Deletes one VM by its name after so many cluster seconds, and lowers the target at once, as an autoscaler does. */
  remove(name: string, seconds: number): void;
  /** Compute Engine takes one VM back; the group is left short of it. */
  preempt(): void;
}

// Cluster seconds. A TPU VM takes 90–120 s to come up and a scale-down about 60–90 s.
const BOOT = { low: 90, high: 120 };
const SETTLE = 4;
const REMOVE = { low: 60, high: 90 };
const NO_CHANGE = 5;

export function createInstanceGroup(options: {
  clock: ClusterClock;
  random: Random;
  capacity: 'ok' | ResizeFault;
  initialSize: number;
  /** Prefix of the instance names. */
  instancePrefix: string;
  /** Called after a VM has come or gone. */
  changed: () => void;
}): InstanceGroup {
  const { clock, random, changed } = options;
  let target = options.initialSize;
  let stopChasing = () => {};
  const newName = () => `${options.instancePrefix}-${random.suffix(4)}`;
  const newVm = (): Vm => ({ name: newName(), createdAt: new Date().toISOString() });
  const vms: Vm[] = Array.from({ length: target }, newVm);

  const chase = (seconds: number) => {
    stopChasing = clock.after(seconds, () => {
      vms.push(newVm());
      changed();
      if (vms.length < target) chase(seconds);
    });
  };

  const grow = (missing: number, settled: (outcome: Settled) => void) => {
    const { capacity } = options;
    const coming = capacity === 'ok' ? missing : Math.min(missing, capacity.arrive);
    const boots = Array.from({ length: coming }, () => random.between(BOOT.low, BOOT.high)).sort((a, b) => a - b);
    for (const boot of boots) {
      clock.after(boot, () => {
        vms.push(newVm());
        changed();
      });
    }
    if (capacity !== 'ok' && coming < missing) {
      const seconds = random.between(0.98, 1.02) * capacity.afterSeconds;
      clock.after(Math.max(seconds, boots.at(-1) ?? 0), () => {
        const names = Array.from({ length: missing - coming }, newName);
        const failed = { names, reason: capacity.reason };
        settled({ expected: target, running: vms.length, failed, seconds });
        if (capacity.chaseSeconds !== null) chase(capacity.chaseSeconds);
      });
      return;
    }
    const seconds = (boots.at(-1) ?? 0) + SETTLE;
    clock.after(seconds, () => settled({ expected: target, running: vms.length, failed: null, seconds }));
  };

  const shrink = (surplus: number, settled: (outcome: Settled) => void) => {
    const seconds = random.between(REMOVE.low, REMOVE.high);
    for (let index = 0; index < surplus; index += 1) {
      // Drained together, deleted one by one in the second half.
      clock.after(seconds * (0.5 + (0.4 * (index + 1)) / surplus), () => {
        vms.pop();
        changed();
      });
    }
    clock.after(seconds, () => settled({ expected: target, running: vms.length, failed: null, seconds }));
  };

  return {
    targetSize: () => target,
    preempt() {
      if (vms.length === 0) return;
      vms.shift();
      changed();
    },
    add(count, settled) {
      stopChasing();
      target += count;
      grow(count, settled);
    },
    remove(name, seconds) {
      target = Math.max(0, target - 1);
      clock.after(seconds, () => {
        const at = vms.findIndex((vm) => vm.name === name);
        if (at < 0) return;
        vms.splice(at, 1);
        changed();
      });
    },
    vms: () => vms.map((vm) => ({ ...vm })),
    resize(size, settled) {
      stopChasing();
      const before = target;
      target = size;
      if (size > vms.length) grow(size - vms.length, settled);
      else if (size < vms.length || size < before) shrink(vms.length - size, settled);
      else {
        clock.after(NO_CHANGE, () =>
          settled({ expected: target, running: vms.length, failed: null, seconds: NO_CHANGE }),
        );
      }
    },
  };
}
