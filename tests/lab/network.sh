# shellcheck shell=bash
# The network, in namespaces of its own, so that nothing of it shows on the machine:
#
#   lab-ID-HOST: host0 --- h-HOST [k-HOST] s-HOST --- p-HOST [br0 10.99.0.2] :lab-ID-switch
#    the host             lab-ID-cables: the cables             the switch
#
# A cable is a little bridge, so that "the cable is out" and "the port is shut" (a fence) are two states and neither undoes
# the other. A host's namespace lives for one boot: the card alone is carried over, bare. So a boot, like a real one, keeps no
# address, no neighbour, no socket; and a host without power has no card at the end of its cable.

ns() { echo "lab-$LAB_ID-$1"; }
ns_exists() { [ -e "/run/netns/$(ns "$1")" ]; }

network_create() {
  ip netns add "$(ns switch)"
  ip netns add "$(ns cables)"
  ip -n "$(ns switch)" link set lo up
  ip -n "$(ns switch)" link add br0 type bridge
  ip -n "$(ns switch)" address add "$(host_address switch)/24" dev br0
  ip -n "$(ns switch)" link set br0 up
  local host
  for host in $(host_names); do
    if host_boots "$host"; then cable_create "$host"; fi
  done
}

cable_create() { # HOST
  local cables
  cables=$(ns cables)
  ip -n "$cables" link add "k-$1" type bridge
  ip -n "$cables" link add "n-$1" type veth peer name "h-$1"
  ip -n "$cables" link add "s-$1" type veth peer name "p-$1" netns "$(ns switch)"
  ip -n "$cables" link set "h-$1" master "k-$1"
  ip -n "$cables" link set "s-$1" master "k-$1"
  ip -n "$cables" link set "k-$1" up
  ip -n "$(ns switch)" link set "p-$1" master br0 up
  cable_plug "$1"
}

cable_plug() {
  ip -n "$(ns cables)" link set "h-$1" up
  ip -n "$(ns cables)" link set "s-$1" up
}

cable_pull() {
  ip -n "$(ns cables)" link set "h-$1" down
  ip -n "$(ns cables)" link set "s-$1" down
}

link_is_up() { # NAMESPACE LINK: set up, whatever is at its other end
  ip -n "$(ns "$1")" -o link show "$2" 2>/dev/null | grep -q '[<,]UP[,>]'
}

card_fit() { # HOST: a new namespace for a new boot, with the bare card in it
  card_park "$1"
  ip netns add "$(ns "$1")"
  ip -n "$(ns cables)" link set "n-$1" netns "$(ns "$1")" name host0
  # announce the host's own addresses when its card comes up, as other systems do (a container may not set this)
  ip netns exec "$(ns "$1")" sysctl -qw net.ipv4.conf.host0.arp_notify=1
}

card_park() { # HOST: take the card out; at once, so that the host says no word more
  ns_exists "$1" || return 0
  ip -n "$(ns "$1")" link set host0 netns "$(ns cables)" name "n-$1" 2>/dev/null || true
  ip netns delete "$(ns "$1")"
}

network_remove() {
  local host
  for host in $(host_names) cables; do
    ! ns_exists "$host" || ip netns delete "$(ns "$host")"
  done
}
