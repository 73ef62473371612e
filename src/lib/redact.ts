/** Shapes of credentials that programs print, whoever issued them. */
const SECRETS: readonly RegExp[] = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
  /\bhf_[A-Za-z0-9]{16,}/g,
  /\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bya29\.[A-Za-z0-9._-]{10,}/g,
  // AWS, OpenAI and its like, Slack, GitLab, npm, Docker Hub, PyPI, NGC, Replicate, Anthropic.
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{20,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt)-[A-Za-z0-9_.-]{16,}/g,
  /\bnpm_[A-Za-z0-9]{30,}/g,
  /\bdckr_(?:pat|oat)_[A-Za-z0-9_-]{20,}/g,
  /\bpypi-[A-Za-z0-9_-]{30,}/g,
  /\bnvapi-[A-Za-z0-9_-]{30,}/g,
  // The registry credentials of a .dockerconfigjson: base64 of user:password.
  /(?<=["']?\b(?:auth|identitytoken|registrytoken)["']?\s*[:=]\s*["'])[A-Za-z0-9+/=_-]{12,}/gi,
  /\bAIza[A-Za-z0-9_-]{30,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*/g,
  /(?<=\b(?:Bearer|Basic)\s+)[A-Za-z0-9+/=._~-]{8,}/gi,
  /(?<=:\/\/[^\s/:@]{1,100}:)[^\s/@]{1,200}(?=@)/g,
  /(?<=["']?(?:password|passwd|secret|token|api[_-]?key|access[_-]?key)["']?\s*[:=]\s*["']?)[A-Za-z0-9+/=._~-]{12,}/gi,
];

/** The text without what looks like a credential. Masks what nobody registered as a secret, such as a token in a pod's log. */
export function redactSecrets(text: string): string {
  return SECRETS.reduce((shown, shape) => shown.replace(shape, '***'), text);
}

/** A shorter secret is not blanked: it would take half of a text with it. */
const SHORTEST = 8;

/** Blanks the secrets that one process came to know. */
export interface Redactor {
  /** Returns whether the secret is new and long enough to be blanked, from eight characters on. */
  register(secret: string): boolean;
  /** The text with `***` in place of each secret, and of whatever looks like a credential. */
  redact(text: string): string;
}

/** A redactor without secrets. Longer secrets go first, so that a secret within another leaves no rest of it. */
export function createRedactor(): Redactor {
  const secrets = new Set<string>();
  let longestFirst: string[] = [];
  return {
    register(secret) {
      if (secret.length < SHORTEST || secrets.has(secret)) return false;
      secrets.add(secret);
      longestFirst = [...secrets].sort((a, b) => b.length - a.length);
      return true;
    },
    redact: (text) => redactSecrets(longestFirst.reduce((shown, secret) => shown.replaceAll(secret, '***'), text)),
  };
}
