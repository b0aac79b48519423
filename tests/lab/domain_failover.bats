#!/usr/bin/env bats
# The reference cycle with a directory and DNS: prepare, power cut, failover, a day's work, failback; and the cycle again.
# The tests of this file build on one another, in this order.

load standin
load journal
load domain

setup_file() { fresh_domain; }
teardown_file() { [ -n "${STANDIN_LAB_KEEP:-}" ] || lab down; }

mailbox() { lab mail read "$1" | cut -f1 | sort; }
send() { lab mail send "$1" "$2" "$3" >>"$BATS_FILE_TMPDIR/$1.accepted"; }
complete() { # USER: all that was ever accepted is in the mailbox, nothing else, nothing twice
  [ "$(mailbox "$1")" = "$(sort "$BATS_FILE_TMPDIR/$1.accepted")" ]
}
complete_soon() { eventually complete "$1" || diff <(mailbox "$1") <(sort "$BATS_FILE_TMPDIR/$1.accepted"); }

prepare() { standin run "$MAIL_DOMAIN/prepare.yaml" --yes "$@" </dev/null; }
fail_over() { standin run "$MAIL_DOMAIN/failover.yaml" --yes; }
fail_back() {
  standin run "$MAIL_DOMAIN/failback.yaml" --yes >"$BATS_FILE_TMPDIR/failback.log" 2>&1 3>&- &
  local failback=$!
  eventually waits_for prompt
  lab power mail1 on
  lab await mail1 boot
  standin answer continue --reason "it has booted"
  wait $failback || { cat "$BATS_FILE_TMPDIR/failback.log" && false; }
}

source_serves() {
  is "$(on mail1 hostname)" mail1
  is "$(on mail2 hostname)" mail2
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
  is "$(resolves mail1)" 10.99.0.21
  trusted mail1
  trusted mail2
  complete_soon alice
  complete_soon bob
}
target_stands_in() {
  is "$(on mail2 hostname)" mail1
  is "$(computers)" 'DC1$ MAIL1$'
  is "$(resolves mail1)" 10.99.0.22
  trusted mail2
  complete_soon alice
  complete_soon bob
}

@test "R1 P5: what only one of them has installed is named, and nothing is begun" {
  on mail2 sh -e -c 'mkdir -p /root/odd/DEBIAN
    printf "%s\n" "Package: lab-odd" "Version: 1.0" "Architecture: all" "Maintainer: nobody <nobody@lab.example>" "Description: odd" >/root/odd/DEBIAN/control
    dpkg-deb --build /root/odd /root/odd.deb && dpkg --install /root/odd.deb'
  run standin run "$MAIL_DOMAIN/prepare.yaml" --yes
  on mail2 dpkg --purge lab-odd
  is "$status" 1
  says "Only on mail1: ; only on mail2: lab-odd:all 1.0"
  is "$(outcome preflight.2 preflight.3.3)" "ok failed"
  is "$(computers)" 'DC1$'
}

@test "R1 R2 R3 R4 P2 P3 P5 P7 P10 P11 P12 P13: prepare joins both, swaps their names and swaps them back; the source serves users of the domain" {
  standin validate "$MAIL_DOMAIN"/{prepare,failover,failback}.yaml
  boots=$(boot_id mail1)$(boot_id mail2)
  watch_arguments
  traced run "$MAIL_DOMAIN/prepare.yaml" --yes </dev/null
  nothing_seen
  nothing_traced
  send alice 10 before
  send bob 3 before
  source_serves
  is "$(search '(sAMAccountName=MAIL2$)' description)" "Standin: mail2"
  # in between each had another name, in the directory and on the host, and rebooted twice
  names='[x["after"]["state"]["name"] for x in k("step_finished") if x["outcome"] == "changed" and x["step"] in'
  is "$(journal "$names ('4.2.1', '4.3.1', '4.5.1', '4.6.1')]" | xargs)" "standin-away mail1 mail2 mail1"
  is "$(journal "$names ('4.2.2', '4.3.2', '4.5.2', '4.6.2')]" | xargs)" "standin-away mail1 mail2 mail1"
  is "$(outcome 4.2.3 4.3.3 4.5.3 4.6.3)" "changed changed changed changed"
  not [ "$(boot_id mail1)$(boot_id mail2)" = "$boots" ]
  # what services ask for under either name is the name's owner's
  for name in mail1 mail2; do
    is "$(search "(servicePrincipalName=host/$name.lab.example)" sAMAccountName)" "${name^^}\$"
    is "$(on $name klist -k /etc/krb5.keytab | grep -ci "host/$name.lab.example@LAB.EXAMPLE" | sed 's/^[1-9].*/some/')" some
  done
}

@test "prepare again: only the copy is made anew" {
  prepare
  same "6.5.3" "$(intents)" "applied"
}

@test "P15: what is installed on the source has changed: the swap is due again" {
  exits 0 standin plan "$MAIL_DOMAIN/prepare.yaml" -o json
  is "$(planned 4 <<<"$output")" skip
  for host in mail1 mail2; do on $host dpkg --purge less; done
  exits 0 standin plan "$MAIL_DOMAIN/prepare.yaml" -o json
  not [ "$(planned 4 <<<"$output")" = skip ]
  on mail2 dpkg --purge iputils-ping
  exits 1 standin run "$MAIL_DOMAIN/prepare.yaml" --yes
  says "Only on mail1: iputils-ping:"
  on mail1 dpkg --purge iputils-ping
}
planned() { python3 -c 'import json, sys; print([row["verdict"] for row in json.load(sys.stdin)["rows"] if row["step"] == sys.argv[1]][0])' "$1"; }

@test "F3: while the source's computer is in the directory nobody else gets its name, and it is said why" {
  act mail2 ad.rename_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2), name: mail1"
  is "$status" 1
  error_says 1 "mail2 cannot have the name mail1, which CN=MAIL1,CN=Computers,DC=lab,DC=example ($(sid MAIL1)) has"
  error_says 1 "LDAP 68"
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
  trusted mail2
}

@test "the power is cut: the plan tells of the deletion, and changes nothing" {
  lab power mail1 cut
  sid MAIL1 >"$BATS_FILE_TMPDIR/source.sid"
  before=$(raw_sid MAIL1)
  exits 0 standin plan "$MAIL_DOMAIN/failover.yaml"
  says "Delete the source's computer account  ad.delete_computer on mail1  IRREVERSIBLE"
  says "mail2 -> mail1"
  says "10.99.0.22"
  is "$(raw_sid MAIL1)" "$before"
}

@test "F2 F3 F4 F5 F6 F7: failover: the name moves in the directory, on the host, in the DNS; users log in under it" {
  raw_sid MAIL2 >"$BATS_FILE_TMPDIR/target.sid"
  fail_over
  is "$(run_outcome)" changed
  target_stands_in
  # it is the target's own account that has the name now: its groups and rights have stayed
  is "$(raw_sid MAIL1)" "$(cat "$BATS_FILE_TMPDIR/target.sid")"
  is "$(search '(sAMAccountName=MAIL1$)' dNSHostName)" mail1.lab.example
  search '(sAMAccountName=MAIL1$)' servicePrincipalName | grep -qix host/mail1.lab.example
  not sh -c "echo '$(search '(sAMAccountName=MAIL1$)' servicePrincipalName | xargs)' | grep -i mail2"
}

@test "failover again: the stand-in's account is not deleted, though it has the name" {
  before=$(boot_id mail2)$(invocation mail2 dovecot)$(invocation mail2 sssd)
  fail_over
  same "" "$(intents)" "applied"
  is "$(raw_sid MAIL1)" "$(cat "$BATS_FILE_TMPDIR/target.sid")"
  same "$before" "$(boot_id mail2)$(invocation mail2 dovecot)$(invocation mail2 sssd)" "boot and services of the target"
  target_stands_in
}

@test "a day's work on the stand-in" {
  send alice 5 meanwhile
  send bob 5 meanwhile
  target_stands_in
}

@test "B1 B2 B4 B5 B6 B9: failback: the source joins anew, the target gets its own name back" {
  fail_back
  is "$(run_outcome)" changed
  source_serves
  is "$(raw_sid MAIL2)" "$(cat "$BATS_FILE_TMPDIR/target.sid")"
  not on mail2 systemctl is-active dovecot postfix
}

@test "failback again: its preflight refuses, nothing is touched" {
  exits 1 standin run "$MAIL_DOMAIN/failback.yaml" --yes
  says "nothing to fail back"
  same "" "$(intents)" "applied"
  source_serves
}

@test "a failover that nobody has prepared since goes by the old SID: it stops at the name, and deletes nobody" {
  before=$(computers)
  not [ "$(sid MAIL1)" = "$(cat "$BATS_FILE_TMPDIR/source.sid")" ]
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(cat "$BATS_FILE_TMPDIR/source.sid"), keep: [mail2]"
  is "$(outcome 1)" ok
  act mail2 ad.rename_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2), name: mail1"
  error_says 1 "cannot have the name mail1"
  is "$(computers)" "$before"
}

@test "a swap that is killed, and then stopped in the middle, stays open until its cause is mended; then it goes on" {
  # the source has its temporary name, the target not yet the source's: and somebody takes it
  dies apply.before:6 run "$MAIL_DOMAIN/prepare.yaml" --yes --input swap=always
  is "$(computers)" 'DC1$ MAIL2$ STANDIN-AWAY$'
  directory ldapadd -Q -N -Y GSSAPI -H ldap://dc1.lab.example <<<'dn: CN=MAIL1,CN=Computers,DC=lab,DC=example
objectClass: contact'
  standin resume </dev/null >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- &
  RUN_PID=$!
  eventually waits_for prompt
  run_says "LDAP 68"
  exits 4 standin run "$MAIL_DOMAIN/prepare.yaml" --yes # nothing else may begin meanwhile
  directory ldapdelete -Q -N -Y GSSAPI -H ldap://dc1.lab.example 'CN=MAIL1,CN=Computers,DC=lab,DC=example'
  exits 0 standin answer continue
  await_run
  is "$status" 3
  says "--answer 4.rescued.3.1="
  exits 0 standin resume --answer 4.rescued.3.1=apply </dev/null
  source_serves
}

@test "B10 and the cycle again, killed before and after each step of the identity change: one owner of the name" {
  lab power mail1 cut
  # fence, delete, rename in the directory, rename the host, reboot, mount, join
  killed_at 1 7 run "$MAIL_DOMAIN/failover.yaml" --yes
  is "$(computers)" 'DC1$ MAIL1$'
}

@test "the source comes back on the network in mid-failover: noticed, and nothing is started; the next run fences it again" {
  lab power mail1 on
  lab await mail1 boot
  on switch ip link set dev p-mail1 up
  exits 1 standin resume
  error_says 6.1 '"port":"up"'
  error_says 6.1 "Somebody has put the source back on the network"
  not on mail2 systemctl is-active dovecot postfix
  is "$(resolves mail1)" 10.99.0.21
  # killed at the record, too, behind the fence and two services
  killed_at 4 1 run "$MAIL_DOMAIN/failover.yaml" --yes
  exits 0 standin resume
  is "$(outcome 6.1)" ok
  send alice 3 second
  target_stands_in
}

@test "B6: and back, killed likewise; the source is entered by its local administrator until the domain knows it again" {
  # somebody of the domain administers it
  on mail1 sh -c 'mkdir -p /etc/ssh/keys && cp /root/.ssh/authorized_keys /etc/ssh/keys/alice && chmod 644 /etc/ssh/keys/alice &&
    echo "AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u" >/etc/ssh/sshd_config.d/domain.conf && echo "alice ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/alice'
  lab inventory | sed -E 's/^( *mail1: .*user: )root(.*)\}$/\1alice\2, become: true}/' | put changed.yaml
  # the target: rename in the directory, rename the host, reboot, join
  killed_at 4 4 run "$MAIL_DOMAIN/failback.yaml" --yes -i /root/changed.yaml --answer 1=continue
  # the source: leave, join, reboot; then the record
  killed_at 3 3 resume
  killed_at 5 1 resume
  exits 0 standin resume
  is "$(run_outcome)" changed
  source_serves
  is "$(raw_sid MAIL2)" "$(cat "$BATS_FILE_TMPDIR/target.sid")"
  nothing_twice mail1 mail2
  standin audit verify
}

@test "no secret is in any journal, report or log" {
  password=$(on ctl cat /etc/standin/directory.password)
  not on ctl grep -rl "$password" /var/lib/standin/runs /var/log /tmp
  for host in mail1 mail2 dc1; do not on $host sh -c 'journalctl -q --no-pager -o export | grep -a "$1"' sh "$password"; done
}
