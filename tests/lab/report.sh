# shellcheck shell=bash
# What can be read off the lab.

report_status() {
  local host power cable port
  printf '%-8s %-6s %-12s %-6s %-6s %-10s %s\n' HOST POWER ADDRESS CABLE PORT NAME "SERVICES AND STORE"
  for host in $(host_names); do
    power=off cable=- port=-
    ! host_is_on "$host" || power=on
    if host_boots "$host" && ns_exists cables; then
      if link_is_up cables "h-$host"; then cable=in; else cable=out; fi
      if link_is_up switch "p-$host"; then port=up; else port=down; fi
    fi
    printf '%-8s %-6s %-12s %-6s %-6s %-10s %s\n' "$host" "$power" "$(host_address "$host")" "$cable" "$port" \
      "$(report_inside "$host" hostname)" "$(if host_has_mail "$host"; then report_mail "$host"; fi)"
  done
}

report_inside() { { (host_run "$@") 2>/dev/null || true; } | xargs; }
report_mail() {
  # shellcheck disable=SC2016 # for the host's shell
  report_inside "$1" sh -c 'mountpoint -q /srv/mail && echo mounted
    for unit in dovecot postfix; do systemctl -q is-active $unit && echo $unit; done
    ip -o address show to '"$SERVICE_ADDRESS"' | grep -q . && echo service-address
    [ ! -s /etc/krb5.keytab ] || { adcli testjoin >/dev/null 2>&1 && echo member || echo no-trust; }; true'
}

service_address() { if domain_wanted; then host_address "$1"; else echo "$SERVICE_ADDRESS"; fi; }

report_inventory() {
  local host extra platform user
  [ -d "$LAB/keys" ] || die "this lab has no keys yet" "run 'lab up' first"
  echo "# Made by tests/lab/lab inventory. Files named here are files of the controller, ctl."
  echo 'standin: "1"'
  echo 'hosts:'
  for host in $(host_names); do
    [ "$host" != ctl ] || continue
    extra= platform=linux user=root
    if [ "$host" = "$WINDOWS_HOST" ]; then platform=windows user=administrator extra=", shell: cmd"; fi
    if host_has_mail "$host"; then extra=", service_address: $(service_address "$host"), fence: {via: switch, port: p-$host}, power: {via: switch, status: [lab-pdu, $host]}"; fi
    printf '  %s: {name: %s, address: %s, platform: %s, connection: ssh, user: %s, port: 22, identity_file: /root/.ssh/id_ed25519, host_key: "%s"%s}\n' \
      "$host" "$host" "$(host_address "$host")" "$platform" "$user" "$(key_public "host-$host")" "$extra"
  done
  echo 'secrets:'
  echo '  probe_password: {file: /etc/standin/probe.password}'
  echo '  opspw_password: {file: /etc/standin/opspw.password}'
  ! domain_wanted || echo '  directory_password: {file: /etc/standin/directory.password}'
}
