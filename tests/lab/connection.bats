#!/usr/bin/env bats
# The connection layer against booted hosts: transient scopes by systemd, and the real sudo with and without a password.
# It uses the lab that is up, and leaves nothing on its hosts.

setup_file() {
  export LAB_TOOL="$BATS_TEST_DIRNAME/lab"
  export WORK="$BATS_FILE_TMPDIR"
  cd "$BATS_TEST_DIRNAME/../.."
  "$LAB_TOOL" up
  make -s BUILD="$WORK/build" LAYERS="base connection" "$WORK/build/engine/base.a" "$WORK/build/engine/connection.a" \
    "$WORK/build/engine/runbook/secret.o" >/dev/null
  cc -std=gnu17 -O2 -D_GNU_SOURCE -I. -o "$WORK/probe" tests/lab/connection_probe.c "$WORK/build/engine/connection.a" \
    "$WORK/build/engine/runbook/secret.o" "$WORK/build/engine/base.a" -lssh2 -ljansson -lcrypto -lm
  "$LAB_TOOL" run ctl sh -c 'cat >/tmp/connection_probe && chmod 755 /tmp/connection_probe' <"$WORK/probe"
}

teardown_file() { "$LAB_TOOL" run ctl rm -f /tmp/connection_probe; }

probe() { # USER become|plain [PASSWORD_FILE]
  local key
  key="$("$LAB_TOOL" inventory | sed -n 's/^  mail2:.*host_key: "\([^"]*\)".*/\1/p')"
  run "$LAB_TOOL" run ctl /tmp/connection_probe 10.99.0.22 "$key" "$@"
  echo "$output"
  [ "$status" -eq 0 ]
  [ "${lines[-1]}" = ok ]
}

@test "as root: scopes are transient units, and everything passes through them" { probe root plain; }

@test "by sudo without a password" { probe ops become; }

@test "by sudo with a password" { probe opspw become /etc/standin/opspw.password; }

@test "as a plain user: scopes are sessions" { probe ops plain; }

@test "a wrong password for sudo is told, not fed to the command" {
  "$LAB_TOOL" run ctl sh -c 'echo wrong >/tmp/wrong.password'
  key="$("$LAB_TOOL" inventory | sed -n 's/^  mail2:.*host_key: "\([^"]*\)".*/\1/p')"
  run "$LAB_TOOL" run ctl /tmp/connection_probe 10.99.0.22 "$key" opspw become /tmp/wrong.password
  "$LAB_TOOL" run ctl rm /tmp/wrong.password
  echo "$output"
  [ "$status" -ne 0 ]
  [[ "$output" == *"cannot become root by sudo"* ]]
  [[ "$output" == *"check the secret sudo"* ]]
}

@test "nothing is left on the host" {
  run "$LAB_TOOL" run mail2 sh -c 'systemctl list-units --all --plain --no-legend "standin-*"; pgrep -a sleep'
  echo "$output"
  [ -z "$output" ]
}
