#!/usr/bin/env bats
# network.*: addresses that move, neighbours that remember, ports that are shut.

load standin

setup_file() { fresh_lab; }

teardown() { # whatever a test has broken, the next one finds both hosts as they were
  for port in p-mail1 p-mail2; do on switch ip link set dev $port up; done
  lab power mail2 on
  lab await mail2
}

has_address() { on "$1" ip -o address show to "$2" | grep -q .; }
mac() { on "$1" ip -o link show dev host0 | sed -n 's/.*link.ether \([^ ]*\).*/\1/p'; }
neighbour() { on ctl ip neighbour show "$1" | sed -n 's/.*lladdr \([^ ]*\).*/\1/p'; } # who has it, as the controller remembers
pings() { on ctl ping -q -c 1 -W "${2:-2}" "$1"; }
port() { on switch ip -o link show dev "p-$1" | grep -q '[<,]UP[,>]' && echo up || echo down; }

@test "an address is added and announced: who remembers it elsewhere reaches the new holder at once" {
  on mail1 ip address replace 10.99.0.150/24 dev host0
  pings 10.99.0.150
  is "$(neighbour 10.99.0.150)" "$(mac mail1)"
  on mail1 ip address del 10.99.0.150/24 dev host0
  is "$(neighbour 10.99.0.150)" "$(mac mail1)"
  act mail2 network.add_address 'address: 10.99.0.150/24, persist: false'
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(field 1 after.state.interface)" host0
  is "$(neighbour 10.99.0.150)" "$(mac mail2)"
  pings 10.99.0.150
  act mail2 network.add_address 'address: 10.99.0.150/24, persist: false'
  is "$(outcome 1)" ok
  act mail2 network.remove_address 'address: 10.99.0.150'
  is "$(outcome 1)" changed
  not has_address mail2 10.99.0.150
  act mail2 network.remove_address 'address: 10.99.0.150'
  is "$(outcome 1)" ok
}

@test "an address that another host still has is refused, and that host is told by its card" {
  act mail2 network.add_address 'address: 10.99.0.100'
  is "$status" 1
  error_says 1 '10.99.0.100 is still in use on this network, by the card'
  says 'isolate or switch off the host that has it'
  output=${output^^}
  says "$(mac mail1 | tr a-f A-F)"
  not has_address mail2 10.99.0.100
  not on mail2 test -e /etc/systemd/system/standin-address-10.99.0.100.service
}

@test "the management address cannot be taken away; an interface that is not there is told" {
  act mail2 network.remove_address 'address: 10.99.0.22'
  is "$status" 1
  error_says 1 "10.99.0.22 is this host's management address"
  has_address mail2 10.99.0.22
  act mail2 network.add_address 'address: 10.99.0.150, interface: host7'
  is "$status" 1
  error_says 1 'host7'
}

@test "what is added outlives a boot unless told otherwise, what is removed does not come back" {
  act mail2 network.add_address 'address: 10.99.0.151/24'
  is "$(outcome 1)" changed
  is "$(field 1 after.state.persistent)" true
  act mail2 network.add_address 'address: 10.99.0.152'
  act mail2 network.add_address 'address: 10.99.0.153, persist: false'
  act mail2 network.remove_address 'address: 10.99.0.152'
  is "$(outcome 1)" changed
  echo 10.99.0.154/24 | on mail2 tee -a /etc/standin-lab/addresses # as its administrator would have set it
  on mail2 ip address add 10.99.0.154/24 dev host0
  act mail2 network.remove_address 'address: 10.99.0.154'
  is "$(outcome 1)" changed
  is "$(field 1 before.state.kept_in)" /etc/standin-lab/addresses

  act mail2 host.reboot 'always: true'
  is "$(outcome 1)" changed
  eventually has_address mail2 10.99.0.151
  pings 10.99.0.151
  for address in 10.99.0.152 10.99.0.153 10.99.0.154; do not has_address mail2 $address; done
  act mail2 network.add_address 'address: 10.99.0.151/24'
  is "$(outcome 1)" ok

  # it comes back where it was
  act mail2 network.add_address 'address: 10.99.0.154/24'
  is "$(field 1 after.state.kept_in)" /etc/standin-lab/addresses
  for address in 10.99.0.151 10.99.0.154; do
    act mail2 network.remove_address "address: $address"
    is "$(outcome 1)" changed
  done
  on mail2 sed -i /10.99.0.154/d /etc/standin-lab/addresses
}

@test "a host is cut off and put back at its port of the switch" {
  run_book isolate
  is "$status" 0
  is "$(outcome 1 2 3 4 5 6)" 'changed ok ok changed ok ok'
  is "$(field 1 via)" switch
  is "$(port mail2)" up
}

@test "a dead host is isolated through the switch, and comes back isolated" {
  lab power mail2 cut
  act mail2 network.isolate
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(port mail2)" down
  lab power mail2 on
  lab await mail2 boot
  act mail2 host.reachable 'wait: 1'
  is "$(field 1 after.state.reachable)" false
  act mail2 network.reconnect
  is "$(outcome 1)" changed
  lab await mail2
}

@test "nothing is isolated that cannot be: no fence in the inventory, no such port, a switch that does not answer" {
  use_inventory 's/, fence: \{[^}]*\}//'
  act mail2 network.isolate
  is "$status" 1
  error_says 1 fence
  use_inventory 's/port: p-mail2/port: p-mail9/'
  act mail2 network.isolate
  is "$status" 1
  error_says 1 p-mail9
  use_inventory '/^  switch:/s/port: 22/port: 2222/'
  act mail2 network.isolate '' 'timeout: 3s'
  is "$status" 1
  error_says 1 'cannot connect to 10.99.0.2 port 2222'
  says 'nothing was applied'
  is "$(port mail2)" up
}

@test "who came up behind its fence with an address announces it when it is put back" {
  service=10.99.0.100
  act mail1 network.isolate
  act mail2 network.add_address "address: $service/24, persist: false"
  is "$(outcome 1)" changed
  pings $service
  is "$(neighbour $service)" "$(mac mail2)"
  act mail2 network.announce_address 'address: 10.99.0.250'
  is "$status" 1
  error_says 1 'this host does not have 10.99.0.250'

  act mail2 network.remove_address "address: $service"
  act mail1 network.reconnect
  lab await mail1
  is "$(neighbour $service)" "$(mac mail2)" # nobody has told
  act mail1 network.announce_address "address: $service"
  is "$status" 0
  is "$(outcome 1)" changed
  is "$(neighbour $service)" "$(mac mail1)"
  pings $service
}
