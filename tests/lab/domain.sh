# shellcheck shell=bash
# The domain: one more host, dc1, a real Active Directory domain controller (Samba: directory, Kerberos, DNS), when `lab up --domain` asks for
# it. Then the names are the DNS's and not /etc/hosts', users of the mail are users of the domain, and there is no service address: a name is
# moved by changing its record.
# The controller is provisioned once, into a layer of its own over the site (dc-*), under the digest of this file and that site.

DOMAIN_HOST=dc1
DOMAIN=lab.example
DOMAIN_REALM=LAB.EXAMPLE
DOMAIN_NAME=LAB # the short one, NetBIOS'
DOMAIN_ADMINISTRATOR=administrator

LAB_HAS_DOMAIN=
domain_wanted() { [ -n "$LAB_HAS_DOMAIN" ]; }

domain_enter() { # from here on the lab is one with a domain
  ! domain_wanted || return 0
  LAB_HAS_DOMAIN=1
  HOSTS="$HOSTS
       $DOMAIN_HOST     10.99.0.10   yes    -                 the domain controller"
  NAMES="$(host_address ctl)  ctl
$(host_address switch)  switch"
  PASSWORD_USERS="$PASSWORD_USERS $DOMAIN_ADMINISTRATOR"
}

domain_recall() { # a lab that was made with a domain keeps it until `down`
  [ -z "${LAB_DOMAIN:-}" ] && [ ! -d "$LAB/hosts/$DOMAIN_HOST" ] || domain_enter
}

domain_layer() { echo "$LAB_CACHE/dc-$({ cat "$LAB_CODE/domain.sh" "$LAB_CODE/exchange.sh" && image_site; } | digest)"; }

# --- made once: the provisioned controller

domain_build() {
  local part layer root
  layer=$(domain_layer)
  [ ! -d "$layer" ] || return 0
  note "provisioning the domain controller (seconds, once)"
  part=$layer.part
  root=$part/root
  image_discard "$part"
  mkdir -p "$part"/{upper,work,root}
  mount -t overlay overlay -o "lowerdir=$(image_site):$(image_base),upperdir=$part/upper,workdir=$part/work" "$root"
  if ! domain_provision "$root" >"$LAB_LOG/domain.log" 2>&1; then
    image_discard "$part"
    die "the domain controller could not be provisioned" "read $LAB_LOG/domain.log"
  fi
  umount "$root"
  mv "$part/upper" "$layer"
  image_discard "$part"
}

# Passwords are not decided here but for each lab (domain_passwords): what provisioning makes up is random and kept nowhere.
domain_provision() { # ROOT
  local root=$1 user
  rm -f "$root/etc/samba/smb.conf"
  unshare --uts chroot "$root" sh -e -c '
    hostname "$1"
    samba-tool domain provision --use-rfc2307 --server-role=dc --dns-backend=SAMBA_INTERNAL --host-name="$1" --host-ip="$2" \
      --realm="$3" --domain="$4" --option="interfaces=lo host0" --option="bind interfaces only=yes"
    shift 4
    samba-tool domain passwordsettings set --complexity=off --min-pwd-age=0 --max-pwd-age=0
    for user; do samba-tool user create "$user" --random-password; done
  ' sh "$DOMAIN_HOST" "$(host_address "$DOMAIN_HOST")" "$DOMAIN_REALM" "$DOMAIN_NAME" $MAIL_USERS || return 1
  exchange_provision "$root" || return 1
  # provisioning takes the builder's own resolver for a forwarder: queries would leave the lab, or wait half a minute for nothing
  sed -i '/dns forwarder/d' "$root/etc/samba/smb.conf" || return 1
  install -m 644 "$root/var/lib/samba/private/krb5.conf" "$root/etc/krb5.conf" || return 1
  printf 'search %s\nnameserver 127.0.0.1\n' "$DOMAIN" >"$root/etc/resolv.conf"
  chroot "$root" systemctl unmask samba-ad-dc.service || return 1
  chroot "$root" systemctl enable samba-ad-dc.service
}

# --- for each lab

domain_furnish() { # this lab's passwords, into the directory of a controller that does not run yet
  local root
  root=$(host_dir "$DOMAIN_HOST")/root
  grep -v '^opspw:' "$LAB/keys/passwords" | unshare --uts chroot "$root" sh -c 'hostname '"$DOMAIN_HOST"'; exec python3 -c "
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
settings = LoadParm()
settings.load_default()
directory = SamDB(session_info=system_session(), lp=settings)
for line in sys.stdin:
    user, password = line.rstrip(\"\n\").split(\":\", 1)
    directory.setpassword(\"(sAMAccountName=%s)\" % user, password)
"' >"$LAB_LOG/domain-passwords.log" 2>&1 || die "the passwords of the domain's users could not be set" "read $LAB_LOG/domain-passwords.log"
}

domain_controller_furnish() { # on ctl: the administrator's password, as a file that the inventory names
  local root
  root=$(host_dir ctl)/root
  install -m 600 /dev/null "$root/etc/standin/directory.password"
  password_of "$DOMAIN_ADMINISTRATOR" >"$root/etc/standin/directory.password"
}

# The KDC answers before the directory does, and that before the DNS's administration: ready is all of them.
domain_answers() { (host_run ctl domain-ready); }
domain_await() {
  wait_until 60 domain_answers ||
    die "the domain controller does not answer" "run 'lab run ctl domain-ready'; 'lab run $DOMAIN_HOST journalctl -u samba-ad-dc'"
}
