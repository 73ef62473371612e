/** Heading of commands that have none. */
export const OTHER_GROUP = 'More';

/** Headings of the overview, in order. */
export const COMMAND_GROUPS = ['Set up', 'Measure', 'Release', 'Results', 'Try without a cloud', OTHER_GROUP] as const;

/** A heading of the overview. */
export type CommandGroup = (typeof COMMAND_GROUPS)[number];
