#!/usr/bin/env bats
# The reference cycle on real hosts: prepare, mail, power cut, plan, failover, failback; and each of them again.
# The tests of this file build on one another, in this order.

load standin
load journal
load mailbox

setup_file() { fresh_lab; }
teardown() { rm -f "$BATS_FILE_TMPDIR/sending"; }

@test "prepare: the source serves mail, the target keeps a replica (P14)" {
  standin validate "$MAIL"/{prepare,failover,failback}.yaml
  standin run "$MAIL/prepare.yaml" --yes
  send alice 20 before
  send bob 5 before
  complete_soon alice
  complete_soon bob
  [ "$(run_outcome)" = changed ]
}

@test "prepare again: only the copy is made anew, nobody is disturbed" {
  before=$(invocation mail1 dovecot)$(invocation mail1 postfix)
  standin run "$MAIL/prepare.yaml" --yes
  same "5.3" "$(intents)" "applied" # a recovery point: that is an event
  same "$before" "$(invocation mail1 dovecot)$(invocation mail1 postfix)" "services of the source"
  complete alice
}

@test "the power is cut: the plan says what will be, and changes nothing" {
  lab power mail1 cut
  before=$(boot_id mail2)
  exits 0 standin plan "$MAIL/failover.yaml"
  says "Fence the source"
  says "host.reboot"
  exits 0 standin plan "$MAIL/failover.yaml" -o json
  echo "$output" >"$BATS_FILE_TMPDIR/failover.plan"
  same "$before" "$(boot_id mail2)" "boot of mail2"
  [ "$(on mail2 hostname)" = mail2 ]
}

@test "failover by that plan: every message is there, under the source's name (F1)" {
  start_sending bob during-failover
  on ctl sh -c 'cat >/root/failover.plan' <"$BATS_FILE_TMPDIR/failover.plan"
  standin run "$MAIL/failover.yaml" --plan /root/failover.plan
  eventually grep -q during-failover "$BATS_FILE_TMPDIR/bob.accepted"
  stop_sending
  [ "$(run_outcome)" = changed ]
  plan_held "$BATS_FILE_TMPDIR/failover.plan"
  [ "$(on mail2 hostname)" = mail1 ]
  complete_soon alice
  complete_soon bob
}

@test "its time: work and waiting for people apart, both measured" {
  # nobody was asked anything, so all of it is the machine's
  is "$(journal 'r[-1]["waited"]')" 0
  is "$(journal 'r[-1]["elapsed"] >= r[-1]["up"] - r[0]["up"] > 0')" True
  exits 0 standin show
  says "waiting"
  # what was lost is the run's, so the report tells it; a promote that was done before tells the same again
  is "$(journal '0 <= r[-1]["outputs"]["rpo"]["$duration"][0] < 3600')" True # seconds; the other is nanoseconds
  journal 'r[-1]["outputs"]["rpo"]' >"$BATS_FILE_TMPDIR/rpo"
}

@test "failover again: applies nothing, harms nothing, though the name has moved meanwhile" {
  before=$(boot_id mail2)$(invocation mail2 dovecot)$(invocation mail2 postfix)
  standin run "$MAIL/failover.yaml" --yes
  same "" "$(intents)" "applied"
  is "$(journal 'r[-1]["outputs"]["rpo"]')" "$(cat "$BATS_FILE_TMPDIR/rpo")"
  same "$before" "$(boot_id mail2)$(invocation mail2 dovecot)$(invocation mail2 postfix)" "boot and services of the target"
  complete_soon alice
}

@test "mail arrives at the stand-in" {
  send alice 5 meanwhile
  send bob 5 meanwhile
  complete_soon alice
  complete_soon bob
}

@test "failback: the source serves again, with everything, also what was accepted while it went on (B3 B7 B8 B10)" {
  start_sending bob during-failback
  standin run "$MAIL/failback.yaml" --yes >"$BATS_FILE_TMPDIR/failback.log" 2>&1 3>&- &
  failback=$!
  eventually waits_for prompt
  lab power mail1 on
  lab await mail1 boot
  standin answer continue --reason "it has booted"
  wait $failback || { cat "$BATS_FILE_TMPDIR/failback.log" && false; }
  stop_sending
  [ "$(run_outcome)" = changed ]
  [ "$(on mail1 hostname)" = mail1 ]
  [ "$(on mail2 hostname)" = mail2 ]
  on mail1 systemctl is-active dovecot postfix
  not on mail2 systemctl is-active dovecot postfix
  complete_soon alice
  complete_soon bob
}

@test "its time: the wait for the repair is not the machine's" {
  is "$(journal 'k("answered")[0]["waited"] == r[-1]["waited"] > 0')" True
  is "$(journal 'r[-1]["waited"] <= k("answered")[0]["up"] - k("waiting")[0]["up"]')" True
  is "$(journal 'r[-1]["up"] - r[0]["up"] - r[-1]["waited"] <= r[-1]["elapsed"] < r[-1]["up"] - r[0]["up"]')" True
  exits 0 standin runs
  says "mail/failback"
}

@test "failback again: its preflight refuses, nothing is touched" {
  before=$(boot_id mail2)$(boot_id mail1)$(invocation mail1 dovecot)$(invocation mail1 postfix)
  exits 1 standin run "$MAIL/failback.yaml" --yes
  says "nothing to fail back"
  same "" "$(intents)" "applied"
  same "$before" "$(boot_id mail2)$(boot_id mail1)$(invocation mail1 dovecot)$(invocation mail1 postfix)" "boots and services"
  complete alice
  complete bob
}

@test "and prepared again, the next failover would be possible" {
  standin run "$MAIL/prepare.yaml" --yes
  same "5.3" "$(intents)" "applied"
  exits 0 standin plan "$MAIL/failover.yaml"
  standin audit verify
}
