#!/usr/bin/env bats
# What is installed: programs that find what came with them, a man page for every verb, completions that know what the program knows.
# The package in a clean Debian, with zsh and fish: tests/lab/deb.bats.
load support

complete_words() { "$STANDIN" complete -- "$@" | cut -f1; }

# in_bash WORD... - what bash's own completion makes of it, the last word being typed.
in_bash() {
  bash --norc -c '. "$0"; COMP_WORDS=(standin "$@"); COMP_CWORD=$#; _standin; printf "%s\n" "${COMPREPLY[@]}"' \
    "$TREE/engine/cli/packaging/standin.bash" "$@"
}

@test "make install: the program works from there with its own plugins, every verb has its man page" {
  env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TREE" install DESTDIR="$W/root" PREFIX=/usr 3>&- >"$W/made" 2>&1
  unset STANDIN_PLUGINS
  code 0 root/usr/bin/standin actions service
  has "$(root/usr/bin/standin actions service.start)" "From: $W/root/usr/share/standin/plugins/service/plugin.yaml"
  code 0 root/usr/bin/standin validate root/usr/share/doc/standin/examples/runbooks/mail/failover.yaml \
    --inventory root/usr/share/doc/standin/examples/runbooks/mail/inventory.example.yaml
  verbs=$("$STANDIN" manual | sed -n 's/^\*\([a-z ]*\)\*$/\1/p')
  [ "$(wc -l <<<"$verbs")" -ge 15 ]
  same "$(ls root/usr/share/man/man1)" "$({ sed 's/ /-/; s/.*/standin-&.1/' <<<"$verbs"; echo standin.1; } | sort)"
  for page in root/usr/share/man/man1/*; do
    grep -q '^\.SH NAME' "$page"
  done
  for program in ad/ad exchange/exchange example/example.py; do
    [ -x "root/usr/share/standin/plugins/$program" ]
  done
  [ -x root/usr/bin/standin-agent ]
  cmp "$TREE/engine/cli/packaging/standin.zsh" root/usr/share/zsh/site-functions/_standin
}

@test "complete: every verb, every option of every verb, and nothing else" {
  verbs=$("$STANDIN" manual | sed -n 's/^\*\([a-z ]*\)\*$/\1/p')
  same "$(complete_words "")" "$(cut -d' ' -f1 <<<"$verbs" | awk '!seen[$0]++')"
  same "$(complete_words audit "" | grep verify)" verify
  while IFS= read -r verb; do
    # shellcheck disable=SC2086
    same "$(complete_words $verb -- | sort)" "$("$STANDIN" $verb --help | sed -nE '/^Options:/,/^$/s/^  (-., |   )? *(--[a-z-]+).*/\2/p' | sort)"
  done <<<"$verbs"
  same "$(complete_words nothing "")" ""
}

@test "complete: an argument by what the usage calls it: runs, formats, actions, inputs, files" {
  runbook <<'YAML'
inputs: {source: {type: host, default: a, description: the one that failed}, sum: {type: integer, default: 1}, other: {type: string, default: x}}
steps: [{uses: core.prompt, with: {message: Well?}}]
YAML
  standin run r.yaml --yes --answer 1=continue >/dev/null
  id=$(basename state/runs/*)
  same "$("$STANDIN" complete -- show "")" "$(printf 'latest\tthe newest run\n%s\trun' "$id")"
  same "$(complete_words resume "${id%?????}")" "$id"
  same "$(complete_words show --state "$W/none" "")" ""
  same "$(complete_words report -o "")" $'html\ntext\njson'
  same "$(complete_words report --output=t)" "--output=text"
  same "$(complete_words report --output=html "$id" --ou)" "--output"
  same "$(complete_words actions core.w)" "core.wait"
  same "$("$STANDIN" complete -- run r.yaml --input s)" $'source=\tthe one that failed\nsum=\t'
  same "$(complete_words run "")" ":yaml"
  same "$(complete_words validate one.yaml "")" ":yaml"
  same "$(complete_words run r.yaml "")" ""
  same "$(complete_words run r.yaml --plan "")" ":file"
  same "$(complete_words run --state "")" ":folder"
}

@test "in bash: verbs, runbooks but no other files, words behind an equals sign" {
  mkdir more && : >r.yaml && : >r.txt
  PATH=$(dirname "$STANDIN"):$PATH
  same "$(in_bash val)" validate
  same "$(in_bash audit v)" verify
  same "$(in_bash run r)" r.yaml
  same "$(in_bash run m)" more
  same "$(in_bash run r.yaml --plan r | sort)" $'r.txt\nr.yaml'
  same "$(in_bash report --output = h)" html
  same "$(in_bash nothing at all)" ""
}
