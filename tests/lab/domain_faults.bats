#!/usr/bin/env bats
# What the directory, the DNS and a host's trust refuse: each a clear error, nothing changed by it, and a way on.

load standin
load journal
load domain

setup_file() {
  fresh_domain
  for host in mail1 mail2; do
    act $host ad.join "$AS_ADMINISTRATOR, name: $host"
    [ "$status" = 0 ]
  done
}
CABLES=lab-$(printf %s "$(realpath -m "${STANDIN_LAB:-/var/tmp/standin-lab}")" | sha256sum | cut -c1-6)-cables
teardown() { # what a test that failed has left, too
  as_it_was
  ip netns exec "$CABLES" nft delete table bridge loss 2>/dev/null || true
  on dc1 systemctl -q is-active samba-ad-dc || { on dc1 systemctl start samba-ad-dc && eventually on ctl domain-ready; }
  ! on dc1 rm -r /run/systemd/system/samba-ad-dc.service.d 2>/dev/null || {
    on dc1 sh -c 'systemctl daemon-reload; systemctl restart samba-ad-dc'
    eventually on ctl domain-ready
  }
}
teardown_file() { [ -n "${STANDIN_LAB_KEEP:-}" ] || lab down; }

secret() { # NAME TEXT: a further secret in this test's inventory
  printf %s "$2" | on ctl sh -c 'umask 077; cat >"/etc/standin/$1.password"' sh "$1"
  use_inventory "s#^secrets:#secrets:\n  $1: {file: /etc/standin/$1.password}#"
}

@test "a wrong password: said once, at each of the three ways to use one" {
  secret wrong not-the-password
  with="user: administrator, password: \"\${{ secrets.wrong }}\""
  act mail1 ad.delete_computer "domain: lab.example, $with, sid: $(sid MAIL2)"
  is "$(outcome 1)" failed
  error_says 1 "the password is not right"
  act mail1 dns.set_record "zone: lab.example, $with, name: nobody, values: [10.99.0.99]"
  error_says 1 "the password of administrator is not right"
  act mail1 ad.join "domain: lab.example, $with, name: other"
  error_says 1 "the password of administrator@LAB.EXAMPLE is not right"
  trusted mail1
}

@test "an account that is disabled or locked, and one that is not there" {
  secret bob "$(on ctl sed -n 's/^bob://p' /etc/standin/passwords)"
  on dc1 samba-tool user disable bob
  act mail1 ad.computer 'domain: lab.example, name: mail1, user: bob, password: "${{ secrets.bob }}"'
  error_says 1 "the account is locked or disabled"
  on dc1 samba-tool user enable bob
  act mail1 ad.computer 'domain: lab.example, name: mail1, user: nobody, password: "${{ secrets.probe_password }}"'
  error_says 1 "there is no such user"
}

@test "an account that gets locked by wrong tries is told so, and works again when it is unlocked" {
  on dc1 samba-tool domain passwordsettings set --account-lockout-threshold=2
  secret wrong not-the-password
  as_bob='domain: lab.example, name: mail1, user: bob, password: "${{ secrets.'
  for try in 1 2; do
    act mail1 ad.computer "$as_bob wrong }}\""
    error_says 1 "the password is not right"
  done
  secret bob "$(on ctl sed -n 's/^bob://p' /etc/standin/passwords)"
  act mail1 ad.computer "$as_bob bob }}\""
  is "$(outcome 1)" failed
  error_says 1 "the account is locked or disabled: unlock it in the directory"
  act mail1 dns.set_record 'zone: lab.example, name: nobody, values: [10.99.0.99], user: bob, password: "${{ secrets.bob }}"'
  error_says 1 "bob is locked or disabled in the directory"
  on dc1 samba-tool user unlock bob
  on dc1 samba-tool domain passwordsettings set --account-lockout-threshold=0
  act mail1 ad.computer "$as_bob bob }}\""
  is "$(outcome 1)" ok
}

on_ctl_krb5() { on ctl sed -i "/libdefaults/a $1" /etc/krb5.conf; }
as_it_was() { on ctl sed -i '/kdc_timesync/d' /etc/krb5.conf; }

# The controller's own processes see a clock that is ahead; one cannot set a container's.
jump_ahead() {
  printf '%s\n' '#define _GNU_SOURCE' '#include <sys/syscall.h>' '#include <sys/time.h>' '#include <time.h>' '#include <unistd.h>' \
    'int clock_gettime(clockid_t id, struct timespec *t) { long r = syscall(SYS_clock_gettime, id, t); if (!r && (id == 0 || id == 5)) t->tv_sec += 12 * 3600; return (int)r; }' \
    'int gettimeofday(struct timeval *t, void *z) { struct timespec s; (void)z; clock_gettime(0, &s); t->tv_sec = s.tv_sec; t->tv_usec = s.tv_nsec / 1000; return 0; }' \
    'time_t time(time_t *out) { struct timespec s; clock_gettime(0, &s); if (out) *out = s.tv_sec; return s.tv_sec; }' >"$BATS_TEST_TMPDIR/clock.c"
  gcc -w -shared -fPIC -o "$BATS_TEST_TMPDIR/clock.so" "$BATS_TEST_TMPDIR/clock.c"
  on dc1 sh -c 'cat >/root/clock.so && mkdir -p /run/systemd/system/samba-ad-dc.service.d &&
    printf "[Service]\nEnvironment=LD_PRELOAD=/root/clock.so\n" >/run/systemd/system/samba-ad-dc.service.d/clock.conf && systemctl daemon-reload && systemctl restart samba-ad-dc' <"$BATS_TEST_TMPDIR/clock.so"
  eventually on ctl domain-ready
}

@test "tickets expire in mid-run: each step has its own; a clock that is off is bridged, or told, and nothing is changed" {
  printf '%s\n' 'standin: "1"' 'runbook: lab/expiry' 'kind: drill' 'steps:' \
    "  - {uses: ad.create_computer, with: {$AS_ADMINISTRATOR, name: passing}}" \
    "  - {id: passing, uses: ad.computer, with: {$AS_ADMINISTRATOR, name: passing}}" \
    '  - {uses: core.prompt, with: {message: "Wait for a day"}}' \
    "  - {uses: ad.rename_computer, with: {$AS_ADMINISTRATOR, sid: '\${{ steps.passing.outputs.sid }}', name: passed}}" \
    "  - {uses: dns.set_record, with: {$ZONE, name: passed, values: [10.99.0.98]}}" \
    "  - {uses: ad.delete_computer, with: {$AS_ADMINISTRATOR, sid: '\${{ steps.passing.outputs.sid }}'}}" \
    "  - {uses: dns.remove_record, with: {$ZONE, name: passed}}" | put expiry.yaml
  on ctl sh -c 'kinit -c /root/old.ticket administrator </etc/standin/directory.password'
  with_old() { on ctl env KRB5CCNAME=/root/old.ticket ldapsearch -Q -N -Y GSSAPI -LLL -H ldap://dc1.lab.example -s base -b dc=lab,dc=example dn; }
  with_old
  start_book /root/expiry.yaml
  eventually waits_for prompt
  jump_ahead
  not with_old
  exits 0 standin answer continue
  await_run
  is "$status" 0
  is "$(outcome 1 4 5 6 7)" "changed changed changed changed changed"

  before=$(computers) sid=$(sid MAIL2)
  # MIT's library takes the controller's word for the time, unless it is told not to
  act mail1 ad.computer "$AS_ADMINISTRATOR, name: mail1"
  is "$(outcome 1)" ok
  on_ctl_krb5 'kdc_timesync = 0'
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $sid"
  is "$(outcome 1)" failed
  error_says 1 "Clock skew too great"
  error_says 1 "this machine's clock and the domain controller's are minutes apart: set them"
  act mail1 dns.set_record "$ZONE, name: nobody, values: [10.99.0.99]"
  is "$(outcome 1)" failed
  error_says 1 "Clock skew too great"
  as_it_was
  is "$(computers)" "$before"
  is "$(resolves nobody)" ""
}

@test "rights are read without a write, and agree with what the directory then refuses" {
  before=$(search '(objectClass=computer)' whenChanged | sort)
  act mail1 ad.check_rights "$AS_ADMINISTRATOR, sid: $(sid MAIL1)"
  is "$(field 1 outputs.add) $(field 1 outputs.modify) $(field 1 outputs.delete)" "true true true"
  probe='domain: lab.example, user: probe, password: "${{ secrets.probe_password }}"'
  act mail1 ad.check_rights "$probe, sid: $(sid MAIL1)"
  is "$(field 1 outputs.add) $(field 1 outputs.modify) $(field 1 outputs.delete)" "false false false"
  is "$(search '(objectClass=computer)' whenChanged | sort)" "$before"

  act mail1 ad.delete_computer "$probe, sid: $(sid MAIL1)"
  is "$(outcome 1)" failed
  error_says 1 "LDAP 50"
  error_says 1 "see ad.check_rights"
  act mail1 ad.rename_computer "$probe, sid: $(sid MAIL1), name: other"
  is "$(outcome 1)" failed
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
}

@test "a right that is given to a user is seen, and only that" {
  on dc1 samba-tool dsacl set --objectdn='CN=Computers,DC=lab,DC=example' --sddl="(OA;;CC;bf967a86-0de6-11d0-a285-00aa003049e2;;$(sid_of_user probe))"
  act mail1 ad.check_rights 'domain: lab.example, user: probe, password: "${{ secrets.probe_password }}"'
  is "$(field 1 outputs.add) $(field 1 outputs.modify) $(field 1 outputs.delete)" "true false false"
  act mail1 ad.create_computer 'domain: lab.example, user: probe, password: "${{ secrets.probe_password }}", name: byprobe'
  is "$(outcome 1)" changed
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid BYPROBE)"
  is "$(outcome 1)" changed
}
sid_of_user() { on dc1 sh -c 'samba-tool user show "$1" | sed -n "s/^objectSid: //p"' sh "$1"; }

@test "a domain controller, the account of another host, and a SID of another domain are not deleted" {
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid DC1)"
  is "$(outcome 1)" failed
  error_says 1 "is a domain controller: it is not deleted"
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2)"
  error_says 1 "is the account of another host, mail2"
  error_says 1 "a name may have moved to a stand-in, a SID does not"
  act mail2 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2), keep: [mail2]"
  error_says 1 "is the account of another host, mail2"
  act mail2 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2), keep_sids: [$(sid MAIL2)]"
  error_says 1 "is the account of another host"
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: S-1-5-21-1-2-3-1104"
  is "$(outcome 1)" failed
  error_says 1 "is not of this domain"
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
}

@test "a join does not take an account from its owner" {
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail1"
  is "$(outcome 1)" failed
  error_says 1 "the name mail1 is taken in the directory: CN=MAIL1,CN=Computers,DC=lab,DC=example"
  trusted mail1
  trusted mail2
}

@test "what the directory itself refuses is explained, and a rename is whole or can be repeated" {
  directory ldapadd -Q -N -Y GSSAPI -H ldap://dc1.lab.example <<<'dn: CN=TAKEN,CN=Computers,DC=lab,DC=example
objectClass: contact'
  act mail2 ad.rename_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2), name: taken"
  is "$(outcome 1)" failed
  error_says 1 "LDAP 68"
  error_says 1 "one owner a name"
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
  trusted mail2
}

@test "P12: a dead keytab: every service starts, nobody can log in, and the runbook notices" {
  sid=$(sid MAIL1)
  act mail1 dns.set_record "$ZONE, name: mail1, values: [10.99.0.21]"
  on mail1 systemctl start srv-mail.mount dovecot
  with='server: mail1, user: probe, password: "${{ secrets.probe_password }}", ca: /etc/standin/lab-ca.crt'
  act mail1 mail.login "$with" 'retry: {attempts: 10, delay: 2s}'
  is "$(outcome 1)" ok

  # the name in the directory moves without the host
  act mail1 ad.rename_computer "$AS_ADMINISTRATOR, sid: $sid, name: other"
  is "$(outcome 1)" changed
  for service in sssd dovecot; do
    act mail1 service.restart "name: $service"
    is "$(outcome 1)" changed
  done
  act mail1 ad.verify_trust "" 'expect: result.trust == "holds"'
  is "$(outcome 1)" failed
  error_says 1 '"trust":"broken"'
  act mail1 mail.login "$with"
  is "$(outcome 1)" failed
  error_says 1 "refuses user 'probe'"

  # the account is the host's own: by its SID it may be joined to, under the name that it has now
  act mail1 ad.rename_computer "$AS_ADMINISTRATOR, sid: $sid, name: mail1"
  act mail1 ad.join "$AS_ADMINISTRATOR, name: mail1, sid: $sid"
  act mail1 mail.login "$with" 'retry: {attempts: 10, delay: 2s}'
  is "$(outcome 1)" ok
  is "$(sid MAIL1)" "$sid"
}

@test "a deleted account: the trust is seen as broken, and a new join heals it" {
  act mail2 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2)"
  is "$(outcome 1)" changed
  act mail2 ad.verify_trust "" 'expect: result.trust == "holds"'
  error_says 1 '"trust":"broken"'
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail2"
  is "$(outcome 1)" changed
  trusted mail2
}

@test "a reset account: the host that knew the old password joins again" {
  act mail2 ad.reset_computer "$AS_ADMINISTRATOR, sid: $(sid MAIL2)"
  is "$(outcome 1)" changed
  not trusted mail2
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail2"
  is "$(outcome 1)" changed
  trusted mail2
}

@test "a member is renamed, the host first: key and service names follow, with the same account or with a new one" {
  sid=$(sid MAIL2)
  act mail2 host.rename 'name: mail3'
  act mail2 host.reboot
  act mail2 ad.verify_trust
  is "$(field 1 outputs.name) $(field 1 outputs.trust)" "mail2 holds"
  act mail2 ad.rename_computer "$AS_ADMINISTRATOR, sid: $sid, name: mail3"
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail3, sid: $sid"
  is "$(sid MAIL3)" "$sid"
  all_for mail2 mail3
  # or it leaves, and joins anew
  act mail2 host.rename 'name: mail2'
  act mail2 host.reboot
  act mail2 ad.leave
  act mail2 ad.delete_computer "$AS_ADMINISTRATOR, sid: $sid"
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail2"
  not [ "$(sid MAIL2)" = "$sid" ]
  all_for mail2 mail2
}
all_for() { # HOST NAME: its key and its account's service names are of this name, and of no other
  local names="host/$2 host/$2.lab.example"
  trusted "$1"
  is "$(on "$1" klist -k /etc/krb5.keytab | grep -io 'host/[a-z0-9.]*' | tr A-Z a-z | sort -u | xargs)" "$names"
  is "$(search "(sAMAccountName=$2\$)" servicePrincipalName | grep -i ^host/ | tr A-Z a-z | sort | xargs)" "$names"
}

@test "leaving: nothing of the domain is left on the host, its account stays" {
  act mail2 ad.leave
  is "$(outcome 1)" changed
  not on mail2 test -e /etc/krb5.keytab
  not on mail2 systemctl is-active sssd
  act mail2 ad.leave
  is "$(outcome 1)" ok
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$'
  act mail2 ad.join "$AS_ADMINISTRATOR, name: mail2"
  is "$(outcome 1)" changed
}

@test "DNS: what holds is ok, what another has written is not overruled, what is refused is said" {
  act mail1 dns.set_record "$ZONE, name: host9, values: [10.99.0.9, 10.99.0.8]"
  is "$(outcome 1)" changed
  is "$(resolves host9 | sort | xargs)" "10.99.0.8 10.99.0.9"
  act mail1 dns.set_record "$ZONE, name: HOST9, values: [10.99.0.8, 10.99.0.9]"
  is "$(outcome 1)" ok
  act mail1 dns.set_record 'zone: lab.example, user: probe, password: "${{ secrets.probe_password }}", name: host9, values: [10.99.0.7]'
  is "$(outcome 1)" failed
  error_says 1 "refuses the update of host9.lab.example"
  is "$(resolves host9 | sort | xargs)" "10.99.0.8 10.99.0.9"
  act mail1 dns.lookup "zone: lab.example, name: host9"
  is "$(field 1 outputs.ttl)" 300
  act mail1 dns.remove_record "$ZONE, name: host9"
  is "$(outcome 1)" changed
  is "$(resolves host9)" ""
  act mail1 dns.remove_record "$ZONE, name: host9"
  is "$(outcome 1)" ok
}

@test "DNS: who changes the record between the look and the change is not overruled" {
  act mail1 dns.set_record "$ZONE, name: race, values: [10.99.0.1]"
  # in the very moment: the tool that sends our update first sends another's
  on ctl sh -c 'cat >/usr/local/bin/nsupdate && chmod +x /usr/local/bin/nsupdate' <<'S'
#!/bin/sh
printf 'server dc1.lab.example\nzone lab.example\nupdate delete race.lab.example. A\nupdate add race.lab.example. 300 A 10.99.0.66\nsend\n' | /usr/bin/nsupdate -g >/dev/null 2>&1
exec /usr/bin/nsupdate "$@"
S
  act mail1 dns.set_record "$ZONE, name: race, values: [10.99.0.2]"
  on ctl rm /usr/local/bin/nsupdate
  is "$(outcome 1)" failed
  error_says 1 "race.lab.example has been changed by another since it was looked at (it was: 10.99.0.1)"
  is "$(resolves race)" 10.99.0.66
  # and while the engine lies dead between its intent and the change
  act_book mail1 dns.set_record "$ZONE, name: race, values: [10.99.0.3]"
  dies apply.before:1 run /root/act.yaml --yes
  act_elsewhere race 10.99.0.67
  exits 1 standin resume
  says "changed by another"
  is "$(resolves race)" 10.99.0.67
}
act_elsewhere() { # NAME ADDRESS: by somebody else
  printf 'server dc1.lab.example\nzone lab.example\nupdate delete %s.lab.example. A\nupdate add %s.lab.example. 300 A %s\nsend\n' "$1" "$1" "$2" |
    directory nsupdate -g || true
  eventually sh -c '[ "$("$0" run ctl dig +short "$1.lab.example" @dc1.lab.example)" = "$2" ]' "$LAB_TOOL" "$1" "$2"
}

@test "DNS: the plan says how long clients may see the old address" {
  act mail1 dns.set_record "$ZONE, name: told, values: [10.99.0.1], ttl: 90"
  act_book mail1 dns.set_record "$ZONE, name: told, values: [10.99.0.2]"
  exits 0 standin plan /root/act.yaml
  says "note: clients may see 10.99.0.1 for up to 90s more"
  exits 0 standin plan --offline /root/act.yaml
  not grep -F 'clients may see' <<<"$output"
}

@test "TLS: a certificate that is not trusted is an error, and no password is sent" {
  for security in starttls ldaps; do
    act mail1 ad.computer "$AS_ADMINISTRATOR, name: mail1, security: $security"
    is "$(outcome 1)" failed
    error_says 1 "certificate"
  done
}

certificate_for() { # NAME: the lab's own authority vouches for it; the controller shows it from now on
  local keys=${STANDIN_LAB:-/var/tmp/standin-lab}/keys
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$BATS_TEST_TMPDIR/key.pem" -out "$BATS_TEST_TMPDIR/cert.pem" -days 2 -subj "/CN=$1" \
    -CA "$keys/ca.crt" -CAkey "$keys/ca.key" -addext "subjectAltName=DNS:$1" -addext basicConstraints=critical,CA:FALSE
  on dc1 sh -c 'cat >/var/lib/samba/private/tls/key.pem' <"$BATS_TEST_TMPDIR/key.pem"
  on dc1 sh -c 'cat >/var/lib/samba/private/tls/cert.pem' <"$BATS_TEST_TMPDIR/cert.pem"
  on dc1 sh -c 'cat >/var/lib/samba/private/tls/ca.pem && systemctl restart samba-ad-dc' <"$keys/ca.crt"
  eventually on ctl domain-ready
}

@test "TLS: with a certificate of an authority that the system trusts, by password; for another name it is refused" {
  certificate_for dc1.lab.example
  on ctl cp /etc/standin/lab-ca.crt /etc/ssl/certs/ca-certificates.crt
  for security in starttls ldaps; do
    act mail1 ad.computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1, security: $security"
    is "$(outcome 1)" ok
  done
  secret wrong not-the-password
  act mail1 ad.computer "domain: lab.example, server: dc1.lab.example, name: mail1, security: ldaps, user: administrator, password: \"\${{ secrets.wrong }}\""
  is "$(outcome 1)" failed
  error_says 1 "the password is not right, or the account is locked"
  certificate_for dc9.lab.example
  for security in starttls ldaps; do
    act mail1 ad.computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1, security: $security"
    is "$(outcome 1)" failed
    error_says 1 "certificate"
  done
}

@test "a controller that drops what it is asked: every call ends in time and tells what it waited for" {
  for port in 88 53 389; do
    ip netns exec "$CABLES" nft "add table bridge loss; add chain bridge loss on { type filter hook forward priority 0; }; add rule bridge loss on ip daddr 10.99.0.10 meta l4proto { tcp, udp } th dport $port drop"
    act mail1 ad.computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1" 'timeout: 10s'
    ip netns exec "$CABLES" nft delete table bridge loss
    is "$(outcome 1)" failed
    case $port in
      389) error_says 1 "dc1.lab.example does not let administrator in: Can't contact LDAP server" ;;
      *) error_says 1 "asking the domain controllers of lab.example for a ticket for administrator@LAB.EXAMPLE, and no answer within" ;;
    esac
    not on ctl pgrep -x ad # nothing of it is left waiting
  done
  act mail1 ad.computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: mail1"
  is "$(outcome 1)" ok
}

@test "the domain controller is down: unobservable is not broken, not absent, at each step; it comes back, and the run that waited goes on" {
  sid=$(sid MAIL2)
  act_book mail1 ad.create_computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: patient"
  dies apply.before:1 run /root/act.yaml --yes
  on dc1 systemctl stop samba-ad-dc
  standin resume >"$BATS_TEST_TMPDIR/run" 2>&1 3>&- </dev/null &
  RUN_PID=$!
  eventually journal_has 'x["kind"] == "resumed"'
  with="server: dc1.lab.example, $AS_ADMINISTRATOR"
  while IFS='|' read -r action more; do
    act mail1 "$action" "$with$more" 'timeout: 2s'
    is "$action $(outcome 1)" "$action failed"
    error_says 1 "domain controller"
  done <<S
ad.check_rights|
ad.computer|, name: mail2
ad.delete_computer|, sid: $sid
ad.create_computer|, name: other
ad.rename_computer|, sid: $sid, name: other
ad.reset_computer|, sid: $sid
S
  printf '%s\n' 'standin: "1"' 'runbook: lab/down' 'kind: drill' 'steps:' '  - group: all at once' '    parallel: true' '    host: mail2' '    steps:' \
    "      - {uses: ad.verify_trust}" "      - {uses: ad.join, host: mail1, with: {$AS_ADMINISTRATOR, name: third}}" \
    "      - {uses: dns.lookup, with: {zone: lab.example, name: dc1}}" "      - {uses: dns.set_record, with: {$ZONE, name: mail1, values: [10.99.0.9]}}" \
    "      - {uses: dns.remove_record, with: {$ZONE, name: mail2}}" | put down.yaml
  run_book /root/down.yaml
  is "$(outcome 1.1 1.2 1.3 1.4 1.5)" "failed failed failed failed failed"
  error_says 1.1 "cannot tell whether the trust of mail2 holds"
  error_says 1.2 "cannot tell whether the trust of mail1 holds"
  for step in 3 4 5; do error_says 1.$step "the zone lab.example has no name servers that this machine can find"; done
  # to leave, nobody has to be asked
  act mail2 ad.leave
  is "$(outcome 1)" changed
  on dc1 systemctl start samba-ad-dc
  await_run
  is "$status" 0
  run_says "changed   1"
  eventually on ctl domain-ready
  is "$(computers)" 'DC1$ MAIL1$ MAIL2$ PATIENT$'
  is "$(sid MAIL2)" "$sid"
  is "$(sid MAIL2)" "$sid"
  act mail1 ad.verify_trust
  is "$(field 1 outputs.trust)" holds
}

@test "two controllers: what one step does the next sees at once on the one that both name; one that is silent is passed over" {
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, sid: $(sid PATIENT)"
  on ctl cat /etc/standin/directory.password | on mail2 sh -c 'rm -f /etc/samba/smb.conf && samba-tool domain join lab.example DC -U administrator --realm=LAB.EXAMPLE \
    --dns-backend=SAMBA_INTERNAL --option="interfaces=lo host0" --option="bind interfaces only=yes" && sed -i "/dns forwarder/d" /etc/samba/smb.conf && systemctl unmask samba-ad-dc && systemctl start samba-ad-dc'
  at_second() { on mail2 ldbsearch -H /var/lib/samba/private/sam.ldb "(sAMAccountName=$1\$)" dn 2>/dev/null | grep -q ^dn:; }
  not_at_second() { ! at_second "$1"; }
  second_is_known() { on ctl dig +short -t SRV _ldap._tcp.lab.example | grep -q mail2; }
  eventually at_second MAIL1
  act mail1 ad.create_computer "$AS_ADMINISTRATOR, server: dc1.lab.example, name: brief"
  eventually at_second BRIEF
  brief=$(sid BRIEF)
  # by name: the account that is there again is another one
  printf '%s\n' 'standin: "1"' 'runbook: lab/two' 'kind: drill' 'steps:' \
    "  - {uses: ad.delete_computer, with: {$AS_ADMINISTRATOR, server: dc1.lab.example, sid: $brief}}" \
    "  - {uses: ad.create_computer, with: {$AS_ADMINISTRATOR, server: dc1.lab.example, name: brief}}" | put two.yaml
  run_book /root/two.yaml
  is "$(outcome 1 2)" "changed changed"
  not [ "$(sid BRIEF)" = "$brief" ]
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, server: dc1.lab.example, sid: $(sid BRIEF)"
  is "$(outcome 1)" changed
  eventually not_at_second BRIEF
  eventually second_is_known
  on mail2 systemctl stop samba-ad-dc
  for try in 1 2 3; do
    act mail1 ad.computer "$AS_ADMINISTRATOR, name: mail1"
    is "$(outcome 1) $(field 1 outputs.server)" "ok dc1.lab.example"
  done
}
