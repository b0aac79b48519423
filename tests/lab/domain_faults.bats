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

@test "TLS: a certificate that is not trusted is an error, and no password is sent" {
  for security in starttls ldaps; do
    act mail1 ad.computer "$AS_ADMINISTRATOR, name: mail1, security: $security"
    is "$(outcome 1)" failed
    error_says 1 "certificate"
  done
}

@test "the domain controller is down: unobservable is not broken, not absent; it comes back and the run goes on" {
  sid=$(sid MAIL2)
  lab power dc1 cut
  act mail2 ad.verify_trust
  is "$(outcome 1)" failed
  error_says 1 "cannot tell whether the trust of mail2 holds"
  act mail1 ad.delete_computer "$AS_ADMINISTRATOR, server: dc1.lab.example, sid: $sid"
  not [ "$(outcome 1)" = ok ]
  not [ "$(outcome 1)" = changed ]
  act mail1 dns.lookup "zone: lab.example, name: mail1"
  is "$(outcome 1)" failed
  lab power dc1 on
  lab await dc1
  eventually on ctl domain-ready
  act mail2 ad.verify_trust
  is "$(outcome 1)" ok
  is "$(sid MAIL2)" "$sid"
}
