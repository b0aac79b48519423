#!/bin/sh
# Runs after site.sh in the image of a lab with a domain: nothing of the domain starts by itself on a host that is not in it.
set -eu

systemctl disable smbd.service nmbd.service winbind.service samba-ad-dc.service sssd.service sssd-nss.socket sssd-pam.socket sssd-pam-priv.socket \
  sssd-autofs.socket sssd-pac.socket sssd-ssh.socket sssd-sudo.socket || true
systemctl mask smbd.service nmbd.service winbind.service samba-ad-dc.service
rm -f /etc/samba/smb.conf /etc/krb5.keytab
printf 'search lab.example\nnameserver 10.99.0.10\n' >/etc/resolv.conf
