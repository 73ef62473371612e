/** Version of the gate; a test holds it equal to package.json's. */
export const VERSION = '0.1.0';

/** Repository of the gate on github.com, for links where the runner does not name it, as on the command line. */
export const REPOSITORY = 'your-org/tpu-serving-gate';
