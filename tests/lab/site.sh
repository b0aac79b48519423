#!/bin/sh
# Runs once inside the new image, after the tree site/ was laid over it: settles what plain files cannot say.
set -eu

groupadd --gid 5000 vmail
useradd --uid 5000 --gid vmail --home-dir /srv/mail --no-create-home --shell /usr/sbin/nologin vmail
useradd --create-home --shell /bin/bash ops
useradd --create-home --shell /bin/bash opspw
mkdir -p /etc/standin-lab /srv/mail /var/lib/standin
install -d -m 700 /root/.ssh /home/ops/.ssh /home/opspw/.ssh
chown vmail: /srv/mail # as the store that is mounted there
chown ops: /home/ops/.ssh
chown opspw: /home/opspw/.ssh
chmod 440 /etc/sudoers.d/lab

# a mail server starts when a runbook says so, not at boot; its unit is ours, so Debian's generator has to be silent
mkdir -p /etc/systemd/system-generators
ln -s /dev/null /etc/systemd/system-generators/postfix-instance-generator
systemctl disable postfix.service dovecot.service dovecot.socket
systemctl enable ssh.service lab-network.service

# what a lab host has no use for
systemctl disable apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer xfs_scrub_all.timer || true
systemctl mask console-getty.service getty@tty1.service systemd-networkd.service

# an identity belongs to a host, not to the image
rm -f /etc/ssh/ssh_host_* /etc/hostname /var/lib/dbus/machine-id
: >/etc/machine-id
: >/etc/resolv.conf
