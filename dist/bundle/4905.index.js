"use strict";exports.id=4905,exports.ids=[4905],exports.modules={38248:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{Q:()=>bashScript});var _words_js__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__.z(2521);function bashScript(places){return`# bash completion of tpu-serving-gate
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
${lines(pathsOf(places),path=>`      '${path}') place='${path}' ;;`)}
    esac
  done
  case "$place $flag" in
${lines([...(0,_words_js__WEBPACK_IMPORTED_MODULE_0__.m.s)(places)],([values,flags])=>`    ${flags.map(({at})=>`'${at}'`).join(" | ")}) COMPREPLY=($(compgen -W '${values}' -- "$word")); return ;;`)}
  esac
  case "$place" in
${lines(places,({path,words,flags})=>{const all=[...words.map(({word})=>word),...flags.map(({word})=>`--${word}`)];return`    '${path}') words='${all.join(" ")}' ;;`})}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _tpu_serving_gate tpu-serving-gate`}const pathsOf=places=>places.map(({path})=>path).filter(path=>path!==""),lines=(items,line)=>items.map(line).join(`
`)}),52676:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{o:()=>fishScript});function fishScript(places){return`# fish completion of tpu-serving-gate
function __tpu_serving_gate_at --argument-names wanted
  set -l path ''
  for word in (commandline -opc)[2..-1]
    set -l next (string trim -- "$path $word")
    switch $next
      case ${places.map(({path})=>path).filter(path=>path!=="").map(quoted).join(" ")}
        set path $next
    end
  end
  test "$path" = "$wanted"
end
${places.flatMap(linesOf).join(`
`)}`}function linesOf({path,words,flags}){const at=`complete -c tpu-serving-gate -n ${quoted(`__tpu_serving_gate_at ${path===""?'""':`"${path}"`}`)}`;return[...words.map(({word,meaning})=>`${at} -f -a ${word} -d ${quoted(meaning)}`),...flags.map(({word,meaning,values})=>{const takes=values===null?"":values.length===0?" -r":` -x -a ${quoted(values.join(" "))}`;return`${at} -l ${word}${takes} -d ${quoted(meaning)}`})]}const quoted=text=>`'${text.replaceAll("\\","\\\\").replaceAll("'","\\'")}'`}),74905:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{completionScript:()=>completionScript});var _bash_js__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__.z(38248),_fish_js__WEBPACK_IMPORTED_MODULE_3__=__webpack_require__.z(52676),_words_js__WEBPACK_IMPORTED_MODULE_1__=__webpack_require__.z(2521),_zsh_js__WEBPACK_IMPORTED_MODULE_2__=__webpack_require__.z(99693);const SCRIPTS={bash:_bash_js__WEBPACK_IMPORTED_MODULE_0__.m.Q,zsh:_zsh_js__WEBPACK_IMPORTED_MODULE_2__.m.R,fish:_fish_js__WEBPACK_IMPORTED_MODULE_3__.m.o};async function completionScript(shell,commands){return SCRIPTS[shell](await(0,_words_js__WEBPACK_IMPORTED_MODULE_1__.m.e)(commands))}}),2521:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{e:()=>placesOf,s:()=>valuesOf});var _paths_js__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__.z(97341);async function placesOf(commands){const paths=(0,_paths_js__WEBPACK_IMPORTED_MODULE_0__.m.t)(commands),top=commands.filter(({hidden})=>!hidden),names=top.map(wordOf);return[{path:"",words:[...names,{word:"help",meaning:"help of a command"}],flags:[HELP,{word:"version",meaning:"Write the version.",values:null}]},{path:"help",words:names,flags:[]},...top.filter(({subcommands=[]})=>subcommands.length>0).map(({name,subcommands=[]})=>({path:`help ${name}`,words:subcommands.map(wordOf),flags:[]})),...await Promise.all(paths.map(({words,command})=>placeOf(words,command)))]}const HELP={word:"help",meaning:"Write the help.",values:null},wordOf=({name,summary})=>({word:name,meaning:summary});async function placeOf(path,{subcommands=[],positionals=[],flags={}}){const given=await Promise.all(positionals.map(async({choices,description})=>(await wordsOf(choices)).map(word=>({word,meaning:description})))),own=Object.entries(flags).map(async([word,{description,value,choices}])=>({word,meaning:firstSentence(description),values:value===void 0?null:await wordsOf(choices)}));return{path,words:[...subcommands.map(wordOf),...given.flat()],flags:[...await Promise.all(own),HELP]}}async function wordsOf(choices=[]){return typeof choices=="function"?choices():choices}function firstSentence(text){return/^.*?[.:;](?= |$)/.exec(text)?.[0].replace(/[:;]$/,"")??text}function valuesOf(places){const flags=places.flatMap(({path,flags:own})=>own.flatMap(({word,values})=>values===null?[]:[{at:`${path} --${word}`,words:values.join(" ")}]));return Map.groupBy(flags,({words})=>words)}}),99693:((__unused_webpack_module,__webpack_exports__,__webpack_require__)=>{__webpack_require__.d(__webpack_exports__,{R:()=>zshScript});var _words_js__WEBPACK_IMPORTED_MODULE_0__=__webpack_require__.z(2521);function zshScript(places){return`#compdef tpu-serving-gate
_tpu_serving_gate() {
  local place='' flag="\${words[CURRENT-1]}" word
  local -a known
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "\${place:+$place }$word" in
${places.map(({path})=>path).filter(path=>path!=="").map(path=>`      '${path}') place='${path}' ;;`).join(`
`)}
    esac
  done
  if [[ "\${words[CURRENT]}" == --*=* ]]; then
    flag="\${words[CURRENT]%%=*}"
    compset -P '*='
  fi
  case "$place $flag" in
${[...(0,_words_js__WEBPACK_IMPORTED_MODULE_0__.m.s)(places)].map(([values,flags])=>`    ${flags.map(({at})=>`'${at}'`).join(" | ")}) ${values===""?"_files":`compadd -- ${values}`}; return ;;`).join(`
`)}
  esac
  case "$place" in
${places.map(place=>`    '${place.path}') known=(${described(place).join(" ")}) ;;`).join(`
`)}
  esac
  _describe 'tpu-serving-gate' known || _files
}
if [[ "\${funcstack[1]}" == _tpu_serving_gate || "\${funcstack[1]}" == _tpu-serving-gate ]]; then
  _tpu_serving_gate "$@"
else
  compdef _tpu_serving_gate tpu-serving-gate
fi`}function described({words,flags}){const entry=({word,meaning})=>quoted(`${word.replaceAll(":","\\:")}:${meaning}`);return[...words,...flags.map(flag=>({...flag,word:`--${flag.word}`}))].map(entry)}const quoted=text=>`'${text.replaceAll("'","'\\''")}'`})};
