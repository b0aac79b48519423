# standin.bash - completion for bash. Standin itself says what may follow (standin complete); files are bash's own business.
_standin() {
  local line current=${COMP_WORDS[COMP_CWORD]} words=() i
  for ((i = 1; i < COMP_CWORD; i++)); do # bash cuts words at "="
    [ "${COMP_WORDS[i]}" = = ] || words+=("${COMP_WORDS[i]}")
  done
  [ "$current" != = ] || current=
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$current") ;;
      :folder) compopt -o filenames 2>/dev/null; mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current") ;;
      :yaml)
        compopt -o filenames 2>/dev/null
        mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$current"; compgen -f -X '!*.y*ml' -- "$current")
        ;;
      *=$'\t'*) compopt -o nospace 2>/dev/null; COMPREPLY+=("${line%%$'\t'*}") ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]}" complete -- "${words[@]}" "$current" 2>/dev/null)
}
complete -F _standin standin
