#!/usr/bin/env bats
# What Windows hosts are told, and what is read from what they say. No Windows is at hand: the commands are compared with what they should be,
# to the letter, and what Windows says is a recording of what its own sc.exe and reg.exe print (a script that knows those few lines, nothing more).
# PowerShell cannot be run here, so its scripts are not executed anywhere. A host that has cmd.exe alone: tests/lab/windows.bats.
load support

CASES=$BATS_TEST_DIRNAME/../cases/windows

# The whole of what `plan --offline -v` prints. To make a case anew after a change that was meant:
#   build/standin plan --offline -v --plugins plugins -i tests/cases/windows/inventory.yaml tests/cases/windows/X.yaml >tests/cases/windows/X.expected
previewed() { # CASE EXIT-CODE
  code "$2" standin plan --offline -v --plugins "$TREE/plugins" -i "$CASES/inventory.yaml" "$CASES/$1.yaml"
  same "$output" "$(cat "$CASES/$1.expected")"
}

@test "the commands of packages, to the letter" { previewed package 0; }
@test "the commands of features and key containers, to the letter" { previewed windows 0; }
@test "the commands of services, to the letter" { previewed service 0; }
@test "a host without PowerShell: its commands, and what is refused there, to the letter" { previewed cmd 1; }

# A host `windows` whose programs say what is in $W/says/PROGRAM.VERB.NAME.
recorded() {
  mkdir -p "$W/says"
  cat >"$W/windows" <<'S'
#!/bin/sh
cd "$(dirname "$0")/says" && exec cat "$1.$2.$3"
S
  chmod +x "$W/windows"
  printf 'standin: "1"\nhosts:\n  windows: {platform: windows, connection: command, command: [%s]}\n' "$W/windows" >inventory.yaml
  export STANDIN_PLUGINS=$TREE/plugins
}

says() { sed 's/$/\r/' >"$W/says/$1"; } # Windows ends its lines so

config() { # START_TYPE ACCOUNT
  says sc.exe.qc.MSExchangeSA <<S
[SC] QueryServiceConfig SUCCESS

SERVICE_NAME: MSExchangeSA
        TYPE               : 10  WIN32_OWN_PROCESS 
        START_TYPE         : $1
        ERROR_CONTROL      : 1   NORMAL
        BINARY_PATH_NAME   : "C:\\Program Files\\Exchsrvr\\bin\\mad.exe"
        LOAD_ORDER_GROUP   : 
        TAG                : 0
        DISPLAY_NAME       : A name with SERVICE_START_NAME : nobody and START_TYPE : 4 DISABLED in it
        DEPENDENCIES       : EventLog
                           : RPCSS
        SERVICE_START_NAME : $2
S
}

probe() { # ACTION FIELD... : what it observes
  runbook <<<"steps: [{id: it, uses: $1, host: windows, with: {name: MSExchangeSA}}]"
  code 0 standin plan -o json r.yaml
  field "$output" "[value['rows'][0]['after']['state'].get(name) for name in '${*:2}'.split()]"
}

@test "as whom a service logs on, and its parts" {
  recorded
  local line
  while IFS='|' read -r account expected; do
    config '3   DEMAND_START' "$account"
    same "$(probe service.account account domain user)" "$expected"
  done <<'S'
LocalSystem|['LocalSystem', '', 'localsystem']
NT AUTHORITY\NetworkService|['NT AUTHORITY\\NetworkService', '', 'networkservice']
LAB\Exchange Admin|['LAB\\Exchange Admin', 'lab', 'exchange admin']
.\local|['.\\local', '', 'local']
svc@Lab.example|['svc@Lab.example', 'lab.example', 'svc']
S
}

@test "a service without an account is unobservable" {
  recorded
  config '3   DEMAND_START' ''
  runbook <<<'steps: [{uses: service.account, host: windows, with: {name: MSExchangeSA}}]'
  run standin plan -o json r.yaml
  same "$(field "$output" "value['rows'][0]['verdict']")" fail
}

@test "whether a service starts at boot" {
  recorded
  while IFS='|' read -r type expected; do
    config "$type" LocalSystem
    runbook <<<'steps: [{uses: service.set_startup, host: windows, with: {name: MSExchangeSA, startup: manual}}]'
    code 0 standin plan -o json r.yaml
    same "$(field "$output" "[value['rows'][0]['before']['state'], value['rows'][0]['verdict']]")" "$expected"
  done <<'S'
2   AUTO_START|[{'startup': 'enabled'}, 'change']
2   AUTO_START  (DELAYED)|[{'startup': 'enabled'}, 'change']
3   DEMAND_START|[{'startup': 'manual'}, 'ok']
4   DISABLED|[{'startup': 'disabled'}, 'change']
S
}

@test "an account that is right already is left alone" {
  recorded
  config '3   DEMAND_START' LocalSystem
  runbook <<'Y'
steps:
  - {uses: service.set_account, host: windows, with: {name: MSExchangeSA, account: LocalSystem}}
  - {uses: service.set_account, host: windows, with: {name: MSExchangeSA, account: "NT AUTHORITY\\LocalService"}}
Y
  code 0 standin plan -o json r.yaml
  same "$(field "$output" "[row['verdict'] for row in value['rows']]")" "['ok', 'change']"
}

@test "a component of the setup manager's day, as the registry has it" {
  recorded
  for value in 0 1; do
    says 'reg.exe.query.HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\OC Manager\Subcomponents' <<S

HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Setup\\OC Manager\\Subcomponents
    iis_nntp	REG_DWORD	0x$value

S
    runbook <<<'steps: [{uses: windows.component, host: windows, with: {name: iis_nntp, answers: "C:\\nntp.txt"}}]'
    code 0 standin plan -o json r.yaml
    same "$(field "$output" "value['rows'][0]['verdict']")" "$([ $value = 1 ] && echo ok || echo change)"
  done
}
