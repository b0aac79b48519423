#!/usr/bin/env bats
# file.*: single files; and how Standin becomes root where it may not connect as root.

load standin

setup_file() { fresh_lab; }
setup() { on mail2 sh -c 'rm -rf /root/t && mkdir /root/t'; }

as() { # USER BECOME: connect to mail2 as this user
  use_inventory "/^  mail2:/s|user: root|user: $1, become: $2|; \$a\\  wrong_password: {file: /root/wrong.password}"
}

@test "a file is made, found as it should be, changed; owner and mode stay unless told" {
  act mail2 file.present 'path: /root/t/a, content: "first\n", mode: "0640"'
  is "$(outcome 1)" changed
  is "$(field 1 before.state)" absent
  is "$(on mail2 stat -c '%a %s' /root/t/a)" '640 6'
  act mail2 file.present 'path: /root/t/a, content: "first\n"'
  is "$(outcome 1)" ok
  on mail2 chown ops:ops /root/t/a
  # shellcheck disable=SC2016 # as it is
  act mail2 file.present 'path: /root/t/a, content: "it''s $HOME `x` \\ \u00fc\nlast"'
  is "$(outcome 1)" changed
  is "$(on mail2 stat -c '%a %U' /root/t/a)" '640 ops'
  # shellcheck disable=SC2016
  is "$(on mail2 cat /root/t/a)" 'its $HOME `x` \ ü
last'
  act mail2 file.present 'path: /root/t/a, content: "x", mode: "0600"'
  is "$(on mail2 stat -c '%a %s' /root/t/a)" '600 1'
  act mail2 file.present 'path: /root/t/empty, content: ""'
  is "$(on mail2 stat -c '%a %s' /root/t/empty)" '644 0'
  is "$(on mail2 find /root/t -name '.standin*')" ''
}

@test "no folder for it, a folder in its place, no room: said, and the old file is whole" {
  act mail2 file.present 'path: /root/t/none/a, content: x'
  is "$status" 1
  error_says 1 'there is no folder /root/t/none'
  act mail2 file.present 'path: /root/t, content: x'
  is "$status" 1
  error_says 1 '/root/t is not a plain file'
  on mail2 sh -c 'mount -t tmpfs -o size=16k none /root/t && echo old >/root/t/a && head -c 12288 /dev/zero >/root/t/full'
  act mail2 file.present "path: /root/t/a, content: \"$(head -c 9000 /dev/zero | tr '\0' x)\""
  is "$status" 1
  error_says 1 'No space left'
  is "$(on mail2 cat /root/t/a)" old
  is "$(on mail2 ls -A /root/t | xargs)" 'a full'
  on mail2 umount /root/t
}

@test "a secret as a file's content reaches the file, and nothing else" {
  secret=$(on ctl cat /etc/standin/probe.password)
  # shellcheck disable=SC2016 # for Standin
  act_book mail2 file.present 'path: /root/t/secret, content: "${{ secrets.probe_password }}", mode: "0600"'
  run_book /root/act.yaml -v
  is "$status" 0
  is "$(on mail2 cat /root/t/secret)" "$secret"
  not grep -F "$secret" <<<"$output"
  not grep -F "$secret" <<<"$(standin show -v)"
  not on ctl grep -rqF "$secret" /var/lib/standin
  not on mail2 sh -c "journalctl --no-pager | grep -F '$secret'"
}

@test "a file, an empty folder, a link are taken away; what is not empty stays" {
  on mail2 sh -c 'cd /root/t && touch a && mkdir -p b c/d && ln -s c l'
  for path in a b l; do
    act mail2 file.absent "path: /root/t/$path"
    is "$(outcome 1)" changed
    is "$(field 1 after.state)" absent
  done
  act mail2 file.absent 'path: /root/t/a'
  is "$(outcome 1)" ok
  act mail2 file.absent 'path: /root/t/c'
  is "$status" 1
  error_says 1 'not empty'
  on mail2 test -d /root/t/c/d
}

@test "P9: permissions of all that a pattern names" {
  on mail2 sh -c 'cd /root/t && touch a.key b.key "c d.key" x.crt && chmod 644 * && chmod 600 a.key'
  act mail2 file.permissions 'path: /root/t/*.key, mode: "0600", group: ops'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.files)" 3
  is "$(on mail2 sh -c 'stat -c "%a %G" /root/t/* | sort | uniq -c | xargs')" '3 600 ops 1 644 root'
  act mail2 file.permissions 'path: /root/t/*.key, mode: "0600", group: ops'
  is "$(outcome 1)" ok
  act mail2 file.permissions 'path: /root/t/*.pem, mode: "0600"'
  is "$status" 1
  error_says 1 '/root/t/*.pem names no file on this host'
  act mail2 file.permissions 'path: /root/t/*.key, owner: nobody-here'
  is "$status" 1
  error_says 1 'invalid user'
}

@test "a small file's text and age" {
  on mail2 sh -c 'printf "a \"b\"\n\\\\ ü\tc\n" >/root/t/a && touch -d "1 hour ago" /root/t/a'
  act mail2 file.read 'path: /root/t/a' 'expect: "result.age >= 3600 && result.age < 3700"'
  is "$status" 0
  is "$(field 1 after.state.text)" "$(on mail2 cat /root/t/a)"
  act mail2 file.read 'path: /root/t/none'
  is "$status" 1
  error_says 1 'there is no file /root/t/none'
}

@test "become: by sudo without a password, and nothing without become" {
  as ops false
  act mail2 file.present 'path: /root/t/a, content: x'
  is "$status" 1
  not on mail2 test -e /root/t/a
  as ops true
  act mail2 file.present 'path: /root/t/a, content: x'
  is "$status" 0
  is "$(on mail2 stat -c %U /root/t/a)" root
  act mail2 service.restart 'name: cron.service' || true
  act mail2 core.run 'run: [id, -un]'
  is "$(field 1 outputs.stdout)" root
}

@test "become: by sudo with a password that nobody sees" {
  secret=$(on ctl cat /etc/standin/opspw.password)
  as opspw '{password: opspw_password}'
  act_book mail2 core.script 'script: "id -un; cat; touch /root/t/begun; until [ -e /root/t/seen ]; do sleep 0.1; done", stdin: "what is for the command"'
  start_book /root/act.yaml -v
  eventually on mail2 test -e /root/t/begun
  # while it runs: neither in a process's arguments nor in its environment, at either end
  for host in ctl mail2; do
    on $host sh -c 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr "\0" "\n"' >"$BATS_TEST_TMPDIR/processes"
    not grep -F "$secret" "$BATS_TEST_TMPDIR/processes"
  done
  grep -q until "$BATS_TEST_TMPDIR/processes"
  on mail2 touch /root/t/seen
  await_run
  is "$status" 0
  is "$(field 1 outputs.stdout)" 'root
what is for the command'
  not run_says "$secret"
  not on ctl grep -rqF "$secret" /var/lib/standin
  not on mail2 sh -c "journalctl --no-pager | grep -F '$secret'"
}

@test "become: a wrong password, and none where one is asked for" {
  echo not-the-password | on ctl tee /root/wrong.password >/dev/null
  as opspw '{password: wrong_password}'
  act mail2 file.present 'path: /root/t/a, content: x'
  is "$status" 1
  says 'cannot become root by sudo'
  says 'check the secret wrong_password'
  not grep -F not-the-password <<<"$output"
  not on ctl grep -rqF not-the-password /var/lib/standin
  as opspw true
  act mail2 file.present 'path: /root/t/a, content: x'
  is "$status" 1
  says 'a password is required'
  says 'name a become password in the inventory'
  not on mail2 test -e /root/t/a
}
