/**
 * Makes the bundle read and run a module when it is first used, not when its importer is loaded. ncc keeps every module as
 * a function, but calls the functions of all imports at the top of the importer, and reads all chunks behind an `import()`
 * at once. A refused input would pay for every parser, and the first call for octokit and undici.
 */

const NAME = String.raw`\w+__WEBPACK_IMPORTED_MODULE_\d+__`;
const REQUIRE = '__(?:webpack|nccwpck)_require__';
/** An import, as ncc emits it at the top of the importer. */
const IMPORT = new RegExp(String.raw`^(\s*/\* harmony import \*/ var )(${NAME}) = (${REQUIRE})\((\d+)\);$`, 'gm');
/** The getter of the default export of such an import. */
const DEFAULT = new RegExp(
  String.raw`^(\s*/\* harmony import \*/ var (${NAME})_default = )(?:/\*#__PURE__\*/)?(${REQUIRE}\.n\(\w+\));$`,
  'gm',
);
const NAMED = new RegExp(String.raw`\b(${NAME})(?:_default)?\b`, 'g');
const USE = new RegExp(String.raw`(?<!\bvar )\b${NAME}\b`, 'g');
/** The line above the function of a module, with the number of the module. */
const MODULE = /^\/\*{3}\/ (\d+):$/gm;

/** Where ncc's runtime calls a module, names the table of modules, and begins the entry. Each stands in it once. */
const CALL = '__webpack_modules__[moduleId]';
const TABLE = '__nccwpck_require__.m = __webpack_modules__;';
const BEGIN = 'var __webpack_exports__ = {};';

/**
 * `z` is an import that is resolved at its first use, as webpack's own call would be: a getter of a class, which compiled code
 * has inlined. Webpack sets `m` where a module waits for others. `y` reads the chunk of a module.
 */
const RUNTIME = `
class Import {
  constructor(id) {
    this.id = id;
    this.exports = undefined;
  }
  get m() {
    return this.exports ??= __nccwpck_require__(this.id);
  }
  set m(exports) {
    this.exports = exports;
  }
}
__nccwpck_require__.z = (id) => new Import(id);
__nccwpck_require__.y = (id) => {
  __nccwpck_require__.f.require(CHUNKS[id], []);
  return __webpack_modules__[id];
};`;

/** The same modules, each of whose ES imports is resolved at its first use. An import of which nothing is used stays. */
export function lazyImports(code: string): string {
  return code
    .split(/(?=^\/\*{3}\/ \d+:$)/m)
    .map(lazyModule)
    .join('');
}

function lazyModule(code: string): string {
  const body = code.replace(IMPORT, '').replace(DEFAULT, '');
  const used = new Set(Array.from(body.matchAll(NAMED), ([, name]) => name));
  return code
    .replace(IMPORT, (line, start: string, name: string, require: string, id: string) =>
      used.has(name) ? `${start}${name} = ${require}.z(${id});` : line,
    )
    .replace(DEFAULT, (line, start: string, name: string, getter: string) =>
      used.has(name) ? `${start}() => ${getter}();` : line,
    )
    .replace(USE, (name) => (used.has(name) ? `${name}.m` : name));
}

/**
 * The runtime with the modules of the entry: it reads a chunk when a module of it is first called. `chunks` has the text of
 * each chunk by its number. Throws where ncc's runtime or a chunk has another shape.
 */
export function lazyRuntime(code: string, chunks: ReadonlyMap<string, string>): string {
  // Without a chunk, ncc's runtime has no part that could read one.
  if (chunks.size === 0) return code;
  const table = JSON.stringify(Object.fromEntries(chunkOfModule(chunks)));
  const changes = [
    [CALL, `(${CALL} ?? __nccwpck_require__.y(moduleId))`],
    [TABLE, `${TABLE}\nconst CHUNKS = ${table};${RUNTIME}`],
    [BEGIN, `__nccwpck_require__.e = () => Promise.resolve();\n${BEGIN}`],
  ];
  return changes.reduce((text, [from = '', to = '']) => replaceOnce(text, from, to), lazyImports(code));
}

/** The chunk of each module; of several that hold it, the shortest. */
function chunkOfModule(chunks: ReadonlyMap<string, string>): Map<string, number> {
  const found = new Map<string, number>();
  const shortestFirst = [...chunks].sort(([, a], [, b]) => a.length - b.length);
  for (const [chunk, text] of shortestFirst) {
    const modules = Array.from(text.matchAll(MODULE), ([, module = '']) => module);
    if (modules.length === 0)
      throw new Error(`no module was found in ncc's chunk ${chunk}; see scripts/build/lazy.ts.`);
    for (const module of modules) if (!found.has(module)) found.set(module, Number(chunk));
  }
  return found;
}

function replaceOnce(text: string, from: string, to: string): string {
  const parts = text.split(from);
  if (parts.length === 2) return parts.join(to);
  throw new Error(`ncc's runtime has "${from}" ${parts.length - 1} times, not once; see scripts/build/lazy.ts.`);
}
