import { describe, expect, it } from 'vitest';
import { createRouter } from '../../serving/routing.ts';

const route = (name: string, pathPrefix: string, replacePrefix: string | null) => ({
  name,
  pathPrefix,
  replacePrefix,
  backend: null,
});

const router = createRouter({
  routes: [
    route('all', '/ns/m', '/'),
    route('completions', '/ns/m/v1/completions', '/v1/completions'),
    route('plain', '/plain', null),
    route('slash', '/slash/', '/to/'),
    route('second', '/plain', '/never'),
  ],
});

describe('router', () => {
  it.each([
    ['/ns/m/v1/completions', 'completions', '/v1/completions'],
    ['/ns/m/v1/completions?x=/ns/m', 'completions', '/v1/completions?x=/ns/m'],
    ['/ns/m/v1/chat/completions', 'all', '/v1/chat/completions'],
    ['/ns/m/health', 'all', '/health'],
    ['/ns/m', 'all', '/'],
    ['/ns/m/', 'all', '/'],
    ['/ns/m?a=1', 'all', '/?a=1'],
    ['/plain/x', 'plain', '/plain/x'],
    ['/slash', 'slash', '/to'],
    ['/slash/x', 'slash', '/to/x'],
  ])('%s goes to %s as %s', (path, name, upstreamPath) => {
    expect(router(path)).toMatchObject({ route: { name }, path: upstreamPath });
  });

  it.each(['/', '/ns/mm/health', '/ns', '/plainer'])('%s has no route', (path) => {
    expect(router(path)).toBeNull();
  });

  it('lets / take everything else', () => {
    expect(createRouter({ routes: [route('root', '/', null)] })('/any')).toMatchObject({ route: { name: 'root' } });
  });

  it('prefers an exact path, then the longest prefix, then the most headers', () => {
    const routes = [
      { ...route('prefix', '/v1', null) },
      { ...route('exact', '/v1/models', null), exact: true },
      { ...route('by header', '/', null), headers: [{ name: 'X-Model', value: 'a' }] },
      { ...route('all', '/', null) },
    ];
    const router = createRouter({ routes });
    const found = (path: string, headers = {}) => router(path, headers)?.route.name;
    expect(found('/v1/models')).toBe('exact');
    expect(found('/v1/models?x=1')).toBe('exact');
    expect(found('/v1/models/')).toBe('prefix');
    expect(found('/other', { 'x-model': 'a' })).toBe('by header');
    expect(found('/other', { 'x-model': 'b' })).toBe('all');
    expect(found('/v1/x', { 'x-model': 'a' })).toBe('prefix');
  });
});
