import type { Place } from './words.ts';

/** A script for fish. */
export function fishScript(places: readonly Place[]): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  return `# fish completion of tpu-serving-gate
function __tpu_serving_gate_at --argument-names wanted
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$path $word")
    switch $next
      case ${paths.map(quoted).join(' ')}
        set path $next
    end
  end
  test "$path" = "$wanted"
end
${places.flatMap(linesOf).join('\n')}`;
}

function linesOf({ path, words, flags }: Place): string[] {
  const at = `complete -c tpu-serving-gate -n ${quoted(`__tpu_serving_gate_at ${path === '' ? '""' : `"${path}"`}`)}`;
  return [
    ...words.map(({ word, meaning }) => `${at} -f -a ${word} -d ${quoted(meaning)}`),
    ...flags.map(({ word, meaning, values }) => {
      const takes = values === null ? '' : values.length === 0 ? ' -r' : ` -x -a ${quoted(values.join(' '))}`;
      return `${at} -l ${word}${takes} -d ${quoted(meaning)}`;
    }),
  ];
}

const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
