/** Where a registry sends an anonymous reader for a token (RFC 6750 § 3, distribution's token specification). */
export interface Challenge {
  realm: URL;
  service: string | null;
  scope: string | null;
}

/** Reads a `WWW-Authenticate: Bearer …`. Null for another scheme, or where the realm is not an address. */
export function bearerChallenge(header: string | string[] | undefined): Challenge | null {
  for (const one of header === undefined ? [] : [header].flat()) {
    const [, rest] = /(?:^|,\s*)bearer\s+(.*)$/is.exec(one.slice(0, 4_096)) ?? [];
    if (rest === undefined) continue;
    const fields = new Map<string, string>();
    for (const [, name = '', quoted, plain] of rest.matchAll(/(\w+)\s*=\s*(?:"([^"]*)"|([^\s,"]+))/g)) {
      fields.set(name.toLowerCase(), quoted ?? plain ?? '');
    }
    const realm = fields.get('realm') ?? '';
    if (!URL.canParse(realm)) return null;
    return { realm: new URL(realm), service: fields.get('service') ?? null, scope: fields.get('scope') ?? null };
  }
  return null;
}
