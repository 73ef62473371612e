import { type Place, valuesOf } from './words.ts';

/** A script for bash 3.2 and later. Where nothing is known the shell completes names of files. */
export function bashScript(places: readonly Place[]): string {
  return `# bash completion of tpu-serving-gate
_tpu_serving_gate() {
  local word="\${COMP_WORDS[COMP_CWORD]}" flag="\${COMP_WORDS[COMP_CWORD-1]}" place='' words='' i
  # Bash takes the "=" of --flag=value for a word of its own.
  if [[ $word == = ]]; then
    word=''
  elif [[ $flag == = ]]; then
    flag="\${COMP_WORDS[COMP_CWORD-2]}"
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${place:+$place }\${COMP_WORDS[i]}" in
${lines(pathsOf(places), (path) => `      '${path}') place='${path}' ;;`)}
    esac
  done
  case "$place $flag" in
${lines(
  [...valuesOf(places)],
  ([values, flags]) =>
    `    ${flags.map(({ at }) => `'${at}'`).join(' | ')}) COMPREPLY=($(compgen -W '${values}' -- "$word")); return ;;`,
)}
  esac
  case "$place" in
${lines(places, ({ path, words, flags }) => {
  const all = [...words.map(({ word }) => word), ...flags.map(({ word }) => `--${word}`)];
  return `    '${path}') words='${all.join(' ')}' ;;`;
})}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tpu_serving_gate tpu-serving-gate`;
}

const pathsOf = (places: readonly Place[]) => places.map(({ path }) => path).filter((path) => path !== '');
const lines = <T>(items: readonly T[], line: (item: T) => string) => items.map(line).join('\n');
