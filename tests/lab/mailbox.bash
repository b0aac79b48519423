# shellcheck shell=bash
# For the tests of the mail cycle (load standin; load mailbox): mail is sent, and every message that was accepted is looked for.

mailbox() { lab mail read "$1" | cut -f1 | sort; }

# One message after another, in the background, until stop_sending; what was accepted counts.
start_sending() { # USER TAG
  touch "$BATS_FILE_TMPDIR/sending"
  keep_sending "$@" 3>&- &
  SENDER=$!
}
keep_sending() {
  local number
  for number in {1..500}; do
    [ -e "$BATS_FILE_TMPDIR/sending" ] || return 0
    lab mail send "$1" 1 "$2-$number" 2>/dev/null >>"$BATS_FILE_TMPDIR/$1.accepted" || true
    sleep 0.3
  done
}
stop_sending() {
  rm "$BATS_FILE_TMPDIR/sending"
  wait $SENDER
}

# All that was ever accepted for a user is in the mailbox, nothing else, nothing twice.
complete() { # USER
  sort "$BATS_FILE_TMPDIR/$1.accepted" >"$BATS_FILE_TMPDIR/$1.expected"
  [ "$(mailbox "$1")" = "$(cat "$BATS_FILE_TMPDIR/$1.expected")" ]
}
complete_soon() { eventually complete "$1" || diff <(mailbox "$1") "$BATS_FILE_TMPDIR/$1.expected"; }

send() { lab mail send "$1" "$2" "$3" >>"$BATS_FILE_TMPDIR/$1.accepted"; }
