import { type Place, valuesOf, type Word } from './words.ts';

/** A script for zsh: a file `_tpu-serving-gate` on `fpath`, or sourced after `compinit`. */
export function zshScript(places: readonly Place[]): string {
  const paths = places.map(({ path }) => path).filter((path) => path !== '');
  return `#compdef tpu-serving-gate
_tpu_serving_gate() {
  local place='' flag="\${words[CURRENT-1]}" word
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
${paths.map((path) => `      '${path}') place='${path}' ;;`).join('\n')}
    esac
  done
  if [[ "\${words[CURRENT]}" == --*=* ]]; then
    flag="\${words[CURRENT]%%=*}"
    compset -P '*='
  fi
  case "$place $flag" in
${[...valuesOf(places)]
  .map(
    ([values, flags]) =>
      `    ${flags.map(({ at }) => `'${at}'`).join(' | ')}) ${values === '' ? '_files' : `compadd -- ${values}`}; return ;;`,
  )
  .join('\n')}
  esac
  case "$place" in
${places.map((place) => `    '${place.path}') known=(${described(place).join(' ')}) ;;`).join('\n')}
  esac
  _describe 'tpu-serving-gate' known || _files
}
if [[ "\${funcstack[1]}" == _tpu_serving_gate || "\${funcstack[1]}" == _tpu-serving-gate ]]; then
  _tpu_serving_gate "$@"
else
  compdef _tpu_serving_gate tpu-serving-gate
fi`;
}

function described({ words, flags }: Place): string[] {
  const entry = ({ word, meaning }: Word) => quoted(`${word.replaceAll(':', '\\:')}:${meaning}`);
  return [...words, ...flags.map((flag) => ({ ...flag, word: `--${flag.word}` }))].map(entry);
}

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
