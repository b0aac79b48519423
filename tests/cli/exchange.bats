#!/usr/bin/env bats
# runbooks/exchange: no Windows host is here, so what would be run on one is compared, to the letter, with what is expected.
#
# After a change that is meant: STANDIN_ACCEPT=1 bats tests/cli/exchange.bats, then read the difference in tests/cases/exchange/.
load support

BOOKS=$TREE/runbooks/exchange
INVENTORY=$BOOKS/inventory.example.yaml

offline() { standin plan --offline --plugins "$TREE/plugins" -i "${2:-$INVENTORY}" "$BOOKS/$1.yaml" "${@:3}"; }

@test "the runbooks are valid" {
  code 0 standin validate --plugins "$TREE/plugins" -i "$INVENTORY" "$BOOKS"/{prepare,failover,failback}.yaml
}

@test "every step and every command, as expected: R1 R2 R3 R4 P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 P11 P12 P13 P14 P15 F1 F2 F3 F4 F5 F6 F7 B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 A1 A2" {
  for book in prepare failover failback; do
    code 0 offline $book "$INVENTORY" -v
    [ -z "${STANDIN_ACCEPT:-}" ] || printf '%s\n' "$output" >"$TREE/tests/cases/exchange/$book.txt"
    diff -u "$TREE/tests/cases/exchange/$book.txt" <(printf '%s\n' "$output")
  done
}

@test "P4: setup in recovery mode, for the note's day and for current Exchange" {
  sed 's/"2003"/"2019"/' "$INVENTORY" >current.yaml
  code 0 offline prepare "$INVENTORY" -v
  has "$output" "\$env:PROGRAM = 'D:\\setup\\i386\\setup.exe'; \$env:ARGUMENTS = '/DisasterRecovery'; \$env:LIMIT = '90';"
  code 0 offline prepare current.yaml -v --input 'setup=E:\setup.exe' --input setup_by_hand=false
  has "$(tr -s ' \n' ' ' <<<"$output")" "\$env:PROGRAM = 'E:\\setup.exe'; \$env:ARGUMENTS = '/Mode:RecoverServer /IAcceptExchangeServerLicenseTerms_DiagnosticDataOFF'; \$env:LIMIT = '90';"
  has "$output" "Configure the stores to always mount at startup  store.set_mount_at_startup on exch1"
  has "$output" 'Set-MailboxDatabase -Identity $env:STORE -CircularLoggingEnabled $false'
}

@test "F6: a store is mounted by the tools of the note's day, or by those of current Exchange" {
  sed 's/"2003"/"2019"/' "$INVENTORY" >current.yaml
  code 0 offline failover "$INVENTORY" -v
  has "$output" "\$env:STORE = 'EXCH1\\First Storage Group\\Mailbox Store (EXCH1)'; \$env:EXCHANGE = '2003'; \$env:VERB = 'mount';"
  code 0 offline failover current.yaml -v --input 'stores=["Mailbox Database 1"]'
  has "$output" "\$env:STORE = 'Mailbox Database 1'; \$env:EXCHANGE = '2019'; \$env:VERB = 'mount';"
}

@test "F2 F7: without a fence a person is asked, without the DNS the address moves" {
  sed '/fence:/d' "$INVENTORY" >bare.yaml
  code 0 offline failover bare.yaml --input dns=false
  has "$output" "Disconnect the source from the network, by hand  core.approve"
  has "$output" "Give the target the original source address  network.add_address on exch2"
  has "$output" "/  3      Disconnect the source from the network  network.isolate"
  has "$output" "/  12     Modify the DNS mapping"
}
