import type { Presets } from './kserve-preset.ts';
import { ODH_V015 } from './kserve-presets-odh.ts';
import { V020 } from './kserve-presets-v0.20.ts';
import type { KserveTraits } from './kserve-versions.ts';

/** The presets of a version; v0.17 has those of ODH v0.15. */
export function presetsOf({ presets }: KserveTraits): Presets {
  return presets === 'v0.20' ? V020 : ODH_V015;
}
