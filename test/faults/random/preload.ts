import type { Disturbance } from './plan.ts';

/** Arguments for Node that give a process its own wall clock. */
export function clockPreload({ aheadMs, jumps }: Extract<Disturbance, { kind: 'clock' }>): string[] {
  return preload(`
    const Real = Date;
    let ahead = ${aheadMs};
    globalThis.Date = class Date extends Real {
      constructor(...given) {
        super(...(given.length > 0 ? given : [Real.now() + ahead]));
      }
      static now() {
        return Real.now() + ahead;
      }
    };
    for (const { atMs, aheadMs } of ${JSON.stringify(jumps)}) setTimeout(() => { ahead = aheadMs; }, atMs).unref();
  `);
}

/** Arguments for Node that make every write of a file fail after `atMs`; standard streams are none. */
export function diskPreload({ code, atMs }: Extract<Disturbance, { kind: 'full-disk' }>): string[] {
  return preload(`
    import fs from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    const since = performance.now();
    const fail = (call) => {
      if (performance.now() - since < ${atMs}) return null;
      return Object.assign(new Error('${code}: the disk is full, ' + call), { code: '${code}', errno: -28, syscall: call });
    };
    const isStream = (target) => target === 1 || target === 2;
    for (const name of ['writeFileSync', 'appendFileSync', 'mkdirSync', 'copyFileSync', 'renameSync']) {
      const real = fs[name];
      fs[name] = (...given) => {
        const error = isStream(given[0]) ? null : fail(name);
        if (error) throw error;
        return real(...given);
      };
    }
    for (const name of ['writeFile', 'appendFile', 'mkdir', 'rename', 'copyFile', 'cp', 'mkdtemp']) {
      const real = fs.promises[name];
      fs.promises[name] = async (...given) => {
        const error = fail(name);
        if (error) throw error;
        return real(...given);
      };
    }
    const open = fs.promises.open;
    fs.promises.open = async (...given) => {
      const error = given[1] === undefined || given[1] === 'r' ? null : fail('open');
      if (error) throw error;
      return open(...given);
    };
    syncBuiltinESMExports();
  `);
}

function preload(source: string): string[] {
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`];
}
