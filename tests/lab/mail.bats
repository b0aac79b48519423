#!/usr/bin/env bats
# mail.*: a real mail server, seen as its users see it.

load standin

setup_file() {
  fresh_lab
  lab run mail1 sh -c 'systemctl start srv-mail.mount && rm -rf /srv/mail/probe && systemctl start dovecot postfix'
}

# WHAT to do at the service as USER, with the password of the inventory
# shellcheck disable=SC2016 # for Standin
access() { echo 'server: mail1, user: probe, password: "${{ secrets.probe_password }}", ca: /etc/standin/lab-ca.crt'; }
login() { act mail1 mail.login "$(access)${1:+, $1}"; }

@test "a user can log in: by STARTTLS, by IMAPS, in the clear" {
  for tls in starttls imaps none; do
    login "tls: $tls"
    is "$status" 0
    is "$(outcome 1)" ok
    is "$(field 1 outputs.login)" true
  done
  is "$(field 1 via)" null # from the controller, where users' programs could be
}

@test "a user cannot log in, and is told why: password, certificate, name, service" {
  echo wrong-password | on ctl tee /root/wrong.password >/dev/null
  # shellcheck disable=SC2016
  use_inventory '$a\  wrong: {file: /root/wrong.password}'
  # shellcheck disable=SC2016
  act mail1 mail.login 'server: mail1, user: probe, password: "${{ secrets.wrong }}", ca: /etc/standin/lab-ca.crt'
  is "$status" 1
  error_says 1 "mail1 refuses user 'probe': is the password right"
  not on ctl grep -rqF wrong-password /var/lib/standin

  # shellcheck disable=SC2016
  act mail1 mail.login 'server: mail1, user: probe, password: "${{ secrets.probe_password }}"'
  is "$status" 1
  error_says 1 'the certificate of mail1 is not trusted here'

  login 'server: mail9'
  is "$status" 2 # twice the same key
  act mail1 mail.login "$(access | sed 's/mail1/mail9/')"
  is "$status" 1
  error_says 1 "the name 'mail9' does not resolve here"

  act mail1 mail.login "$(access | sed 's/mail1/mail2/')"
  is "$status" 1
  error_says 1 'nothing answers at mail2 port 143: does the service run'

  secret=$(on ctl cat /etc/standin/probe.password)
  not on ctl grep -rqF "$secret" /var/lib/standin
}

@test "a message is delivered and read, and not marked as seen" {
  act mail1 mail.deliver 'server: mail1, from: ops@lab.example, to: probe@lab.example, message_id: "<one@test>", body: "Dear probe,\n.\nstill here"'
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 outputs.message_id)" '<one@test>'
  act mail1 mail.read "$(access)" 'until: "result.messages == 1", timeout: 30s'
  is "$status" 0
  is "$(field 1 outputs.message_ids)" '["<one@test>"]'
  is "$(field 1 outputs.unseen)" 1
  digest=$(field 1 outputs.digest)
  act mail1 mail.read "$(access), tls: imaps"
  is "$(field 1 outputs.unseen)" 1
  is "$(field 1 outputs.digest)" "$digest"
  on mail1 grep -rq 'still here' /srv/mail/probe

  act mail1 mail.deliver 'server: mail1, from: ops@lab.example, to: probe@lab.example'
  act mail1 mail.read "$(access)" 'until: "result.messages == 2", timeout: 30s'
  is "$status" 0
  not [ "$(field 1 outputs.digest)" = "$digest" ]
  login
  is "$(field 1 outputs.messages)" 2
}

@test "a message that is refused: the server's own words" {
  act mail1 mail.deliver 'server: mail1, from: ops@lab.example, to: nobody@lab.example'
  is "$status" 1
  error_says 1 550
  act mail1 mail.deliver 'server: mail2, from: ops@lab.example, to: probe@lab.example'
  is "$status" 1
  error_says 1 'nothing answers at mail2 port 25'
  # shellcheck disable=SC2016
  act mail1 mail.read "$(access | sed 's/probe,/nobody,/')"
  is "$status" 1
  error_says 1 mail1
}

@test "where the mail is: as Dovecot and Postfix are configured, up to the user's part" {
  act mail1 mail.locate_files
  is "$(outcome 1)" ok
  is "$(field 1 outputs.mail)" '["/srv/mail"]'
  is "$(field 1 outputs.queue)" /var/spool/postfix
  is "$(field 1 outputs.paths)" '["/srv/mail", "/var/spool/postfix"]'

  # more than one place, indexes and an archive elsewhere, a queue beside the mail
  on mail2 sh -c 'cp /etc/dovecot/dovecot.conf /root/kept; cat >>/etc/dovecot/dovecot.conf; postconf -e queue_directory=/srv/queue' <<'C'
mail_location = mdbox:/var/vmail/user-%n/mdbox:INDEX=/var/index/%d/%n:ALT=/archive/%n
mail_attachment_dir = /srv/mail/attachments
namespace old {
  separator = /
  prefix = old/
  location = mbox:~/old:INBOX=/var/vmail/spool/%u:INDEX=MEMORY
}
C
  act mail2 mail.locate_files
  is "$(field 1 outputs.mail)" '["/archive", "/srv/mail", "/var/index", "/var/vmail"]'
  is "$(field 1 outputs.paths)" '["/archive", "/srv/mail", "/srv/queue", "/var/index", "/var/vmail"]'

  on mail2 sh -c 'sed /mail_home/d /root/kept >/etc/dovecot/dovecot.conf; postconf -X queue_directory'
  act mail2 mail.locate_files
  is "$(outcome 1)" failed
  error_says 1 "mail lies in users' homes, and which those are only the user database knows. Set mail_home"
  on mail2 cp /root/kept /etc/dovecot/dovecot.conf
}
