#!/usr/bin/env bats
# store.*: real file systems behind real mount units.

load standin

setup_file() { fresh_lab; }

teardown() {
  on mail2 sh -c 'systemctl stop holder srv-mail.mount srv-other.mount 2>/dev/null
    rm -f /etc/systemd/system/srv-other.mount /etc/systemd/system/local-fs.target.wants/srv-mail.mount; systemctl daemon-reload; systemctl reset-failed'
}

held() { on mail2 sh -c '[ "$(readlink "/proc/$(systemctl show --value -p MainPID holder)/cwd")" = /srv/mail ]'; }
mounted() { on mail2 mountpoint -q "$1"; }

@test "a store is mounted, found mounted, dismounted, found dismounted" {
  act mail2 store.mount 'path: /srv/mail'
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 before.state.mounted)" false
  is "$(field 1 after.state.source)" /dev/store0
  is "$(field 1 after.state.fstype)" ext4
  is "$(field 1 after.state.readonly)" false
  mounted /srv/mail
  act mail2 store.mount 'path: /srv/mail'
  is "$(outcome 1)" ok
  act mail2 store.dismount 'path: /srv/mail'
  is "$(outcome 1)" changed
  not mounted /srv/mail
  act mail2 store.dismount 'path: /srv/mail'
  is "$(outcome 1)" ok
}

@test "a store in use is not dismounted: who uses it is named" {
  on mail2 systemctl start srv-mail.mount
  on mail2 systemd-run --quiet --unit=holder sh -c 'cd /srv/mail && exec sleep infinity'
  eventually held
  act mail2 store.dismount 'path: /srv/mail'
  is "$status" 1
  error_says 1 busy
  says "$(on mail2 systemctl show --value -p MainPID holder) (sleep) uses it: cwd -> /srv/mail"
  mounted /srv/mail
}

@test "mounted at startup, as the next boot shows; then not any more" {
  act mail2 store.set_mount_at_startup 'path: /srv/mail'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.at_startup)" true
  not mounted /srv/mail
  act mail2 store.set_mount_at_startup 'path: /srv/mail'
  is "$(outcome 1)" ok
  act mail2 host.reboot 'always: true'
  is "$(outcome 1)" changed
  mounted /srv/mail
  act mail2 store.set_mount_at_startup 'path: /srv/mail, enabled: false'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.at_startup)" false
  mounted /srv/mail
}

@test "nothing says what to mount there; no absolute path; the disk does not hold what the unit says" {
  act mail2 store.mount 'path: /srv/none'
  is "$status" 1
  error_says 1 'nothing on this host says what to mount at /srv/none: write /etc/systemd/system/srv-none.mount'
  act mail2 store.set_mount_at_startup 'path: /srv/none'
  is "$status" 1
  error_says 1 'nothing on this host says what to mount at /srv/none'
  act mail2 store.mount 'path: mail'
  is "$status" 1
  error_says 1 "the absolute path of its mount point, not 'mail'"

  on mail2 tee /etc/systemd/system/srv-other.mount >/dev/null <<'U'
[Mount]
What=/dev/store0
Where=/srv/other
Type=xfs
U
  on mail2 systemctl daemon-reload
  act mail2 store.mount 'path: /srv/other'
  is "$status" 1
  error_says 1 'wrong fs type'
  not mounted /srv/other
}
