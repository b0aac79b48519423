# shellcheck shell=bash
# What proves who is who: host keys, the controller's key, the replicas' keys, passwords, the mail certificate.
# Made once per lab and kept over `down` in keys/, so that an inventory made of them stays true.
#   keys/host-NAME   a host's ssh key          keys/controller   opens root, ops and opspw everywhere
#   keys/replica-NAME   a mail server's key to its peer, held at the other end to replica-gate
#   keys/passwords   USER:PASSWORD a line (mail users, opspw for sudo, the domain's administrator)       keys/ca.crt, mail.crt, mail.key

keys_make() {
  local host name
  install -d -m 700 "$LAB/keys"
  (
    cd "$LAB/keys" || exit
    for host in $(host_names); do key_pair "host-$host"; done
    for name in controller replica-mail1 replica-mail2; do key_pair "$name"; done
    passwords_make
    [ -e mail.crt ] || certificate_make
  )
}

key_pair() { [ -e "$1" ] || ssh-keygen -q -t ed25519 -N '' -C "$1" -f "$1"; }
key_public() { cut -d' ' -f1,2 "$LAB/keys/$1.pub"; }

passwords_make() { # those that are not there yet
  local user
  touch passwords
  cp passwords passwords.part
  for user in $PASSWORD_USERS; do
    grep -q "^$user:" passwords || echo "$user:$(openssl rand -hex 8)" >>passwords.part
  done
  mv passwords.part passwords
}
password_of() { sed -n "s/^$1://p" "$LAB/keys/passwords"; }

certificate_make() {
  local ec=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650)
  {
    openssl req -x509 "${ec[@]}" -keyout ca.key -out ca.crt -subj '/CN=Standin lab CA'
    openssl req -x509 "${ec[@]}" -CA ca.crt -CAkey ca.key -keyout mail.key -out mail.crt.part -subj "/CN=$SERVICE_NAME" \
      -addext "subjectAltName=DNS:$SERVICE_NAME,DNS:$SERVICE_NAME.lab.example,IP:$SERVICE_ADDRESS" \
      -addext basicConstraints=critical,CA:FALSE
  } 2>"$LAB_LOG/certificate.log" || die "the mail certificate could not be made" "read $LAB_LOG/certificate.log"
  mv mail.crt.part mail.crt
}

known_hosts() {
  local host
  for host in $(host_names); do echo "$(host_address "$host") $(key_public "host-$host")"; done
}
