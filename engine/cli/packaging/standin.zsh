#compdef standin
# _standin - completion for zsh. Standin itself says what may follow (standin complete); files are zsh's own business.
local line
local -a candidates unfinished
for line in "${(@f)$(${(Q)words[1]} complete -- "${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
  case $line in
    '') ;;
    :file) _files ;;
    :folder) _files -/ ;;
    :yaml) _files -g '*.(yaml|yml)' ;;
    *=$'\t'*) unfinished+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
    *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
  esac
done
(( ! $#candidates )) || _describe -V standin candidates
(( ! $#unfinished )) || _describe -V standin unfinished -S ''
