#!/usr/bin/env bats
# The Debian package in a clean Debian that has never seen Standin: installed by apt out of one file, without any network. The root file system
# (minimal, with man, bash-completion, zsh and fish, and what the package depends on as files, not installed) is made once and kept in the lab's cache.

TREE=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)

setup_file() {
  export MADE=$BATS_FILE_TMPDIR CLEAN
  env -u MAKEFLAGS -u MAKELEVEL make -s -C "$TREE" deb >"$MADE/deb.log" 2>&1 3>&-
  local package
  package=$(ls "$TREE"/build/standin_*.deb)
  clean_debian "$package"
  mkdir "$MADE/upper" "$MADE/work" "$MADE/root"
  mount -t overlay overlay -o "lowerdir=$CLEAN,upperdir=$MADE/upper,workdir=$MADE/work" "$MADE/root"
  cp "$package" "$MADE/root/root/standin.deb"
  within apt-get install -y -q --no-install-recommends ./standin.deb >"$MADE/install.log" 2>&1
}

teardown_file() {
  ! mountpoint -q "$MADE/root" || umount "$MADE/root"
}

# The layer is known by the recipe and by what the package depends on: other dependencies make another.
clean_debian() { # PACKAGE
  local cache=${STANDIN_LAB_CACHE:-${STANDIN_LAB:-/var/tmp/standin-lab}/cache} depends sources
  depends=$(dpkg-deb -f "$1" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,/ /g')
  CLEAN=$cache/clean-$({ cat "$BATS_TEST_DIRNAME/deb.bats"; echo "$depends"; } | sha256sum | cut -c1-16)
  [ ! -d "$CLEAN" ] || return 0
  # shellcheck source=base.sh
  LAB_RELEASE=bookworm && . "$BATS_TEST_DIRNAME/base.sh"
  sources=$(base_sources)
  [ -n "$sources" ] || { echo "apt has no package lists: apt-get update" >&2; return 1; }
  mkdir -p "$cache"
  rm -rf "$CLEAN.part"
  # shellcheck disable=SC2016 # for the hook's shell
  mmdebstrap --quiet --variant=minbase --include=man-db,bash-completion,zsh,fish --skip=cleanup/apt \
    --aptopt='APT::Install-Recommends "false"' --aptopt='APT::Keep-Downloaded-Packages "true"' \
    --customize-hook="cp /etc/resolv.conf \"\$1/etc/resolv.conf\"; chroot \"\$1\" apt-get install -y --download-only $depends" \
    bookworm "$CLEAN.part" - <<<"$sources" >"$MADE/clean.log" 2>&1 || { cat "$MADE/clean.log" >&2; return 1; }
  mv "$CLEAN.part" "$CLEAN"
}

within() { # COMMAND... in the clean Debian: no network, processes and terminals of its own
  # shellcheck disable=SC2016
  unshare --mount --net --pid --fork --mount-proc="$MADE/root/proc" sh -e -c 'root=$1; shift
    mount -t devpts -o newinstance,ptmxmode=666 devpts "$root/dev/pts"; mount --bind "$root/dev/pts/ptmx" "$root/dev/ptmx"
    exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb sh -c "cd && exec \"\$@\"" sh "$@"' sh "$MADE/root" "$@"
}

same() { [ "$1" = "$2" ] || { diff -u <(printf '%s\n' "$2") <(printf '%s\n' "$1"); return 1; }; }

@test "apt installs it with what it depends on, and nothing that it needs is missing" {
  same "$(within dpkg-query -W -f '${db:Status-Status}' standin)" installed
  within sh -c 'for program in /usr/bin/standin /usr/bin/standin-agent /usr/share/standin/plugins/ad/ad /usr/share/standin/plugins/exchange/exchange; do
    ldd $program; done' >"$MADE/ldd" 2>&1
  run grep 'not found' "$MADE/ldd"
  [ "$status" -eq 1 ]
  within dpkg --verify standin
  same "$(within dpkg -L standin | grep -cE '^/(etc|var|usr/local)/')" 0
}

@test "it validates, plans and runs a runbook with the plugins that came with it" {
  within sh -e -c 'mkdir first; cd first
    printf "standin: \"1\"\nhosts:\n  here: {connection: local}\n" >inventory.yaml
    printf "standin: \"1\"\nrunbook: first/hello\nkind: drill\nsteps:\n  - {uses: file.present, host: here, with: {path: /tmp/greeting, content: hello}}\n" >hello.yaml'
  same "$(within standin validate first/hello.yaml)" "first/hello.yaml: valid"
  for set in mail mail-domain exchange; do
    within sh -c "cd /usr/share/doc/standin/examples/runbooks/$set && standin validate failover.yaml failback.yaml prepare.yaml --inventory inventory.example.yaml"
  done
  within standin plan first/hello.yaml
  within standin run first/hello.yaml --yes
  same "$(within cat /tmp/greeting)" hello
  same "$(within standin run first/hello.yaml --yes | tail -1 | sed 's/.*: //')" "1 ok"
}

@test "man finds a page for every verb, and formats it" {
  same "$(within man -w standin)" /usr/share/man/man1/standin.1.gz
  within standin manual | sed -n 's/^\*\([a-z ]*\)\*$/\1/p' | tr ' ' - >"$MADE/verbs"
  [ "$(wc -l <"$MADE/verbs")" -ge 15 ]
  while read -r verb; do
    same "$(within man -w "standin-$verb" </dev/null)" "/usr/share/man/man1/standin-$verb.1.gz"
  done <"$MADE/verbs"
  within man standin-run | grep -q 'execute a runbook'
}

@test "completion in bash, found by bash-completion" {
  same "$(within bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader standin; complete -p standin')" "complete -F _standin standin"
  same "$(within bash -c '. /usr/share/bash-completion/bash_completion; _completion_loader standin
    COMP_WORDS=(standin val) COMP_CWORD=1; _standin; echo "${COMPREPLY[@]}"')" validate
}

@test "completion in zsh, typed at its prompt" {
  cat >"$MADE/root/root/type.zsh" <<'ZSH'
zmodload zsh/zpty
zpty shell 'TERM=dumb PS1="ready> " zsh -f -i'
wait_for() { local out all; while zpty -r shell out; do all+=$out; [[ $all != *$1* ]] || return 0; done; print -u2 "never came: $1 in $all"; return 1 }
zpty -w shell 'autoload -Uz compinit && compinit -u -D; print "loaded:$_comps[standin]"'
wait_for 'loaded:_standin' || exit 1
zpty -w -n shell $'standin val\t--he\t| head -1\n'
wait_for 'standin validate - check runbooks' && print typed
ZSH
  run within timeout 60 zsh -f type.zsh
  [ "$status" -eq 0 ] || { echo "$output"; return 1; }
  same "$(tail -1 <<<"$output")" typed
}

@test "completion in fish" {
  same "$(within fish -c 'complete -C "standin val"')" $'validate\tcheck runbooks without touching any host'
  same "$(within fish -c 'complete -C "standin audit v"' | cut -f1)" verify
  same "$(within fish -c 'complete -C "standin run first/h"')" first/hello.yaml
  same "$(within fish -c 'complete -C "standin report -o "' | cut -f1)" $'html\njson\ntext'
}

@test "removed, nothing of it is left but the runs" {
  within dpkg --purge standin
  same "$(within sh -c 'find / -xdev -name "*standin*" -not -path "/proc/*" -not -path "/root/*" | grep -vE "^(/var/lib|/run)/standin|^/var/(log|cache/man)/" | sort')" ""
}
