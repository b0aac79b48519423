#!/usr/bin/env bats
# A Windows host by ssh, as far as one can be had here: cmd.exe is the shell behind its sshd, a service control manager starts a real service. Both are
# Wine's (8.0). What Windows does otherwise, and what is therefore not tested here:
#
# - Exit codes have 32 bits there. Here sshd is Linux's and passes on the lowest 8, so sc.exe's 1060 (no such service) cannot be seen; and Wine's sc.exe
#   says 1 for every failure anyway. What is absent is not known to be absent then: unobservable.
# - Wine's sc.exe knows no `qc` and no `config`: service.set_startup, account and set_account have nothing to talk to (tests/cli/windows.bats reads what
#   Windows says to them).
# - Wine's powershell.exe says nothing and gives 0, whatever it is told. No script of a manifest is executed here.
# - Wine's cmd.exe is another program: a line that both take is plain quoting; where they differ (%, ^ outside quotes, `&&`) nothing is sent.

load standin

setup_file() {
  export LAB_WINDOWS=1
  fresh_lab
}

values() { python3 "$BATS_TEST_DIRNAME/windows_values.py" "$@"; }
drive() { echo "${STANDIN_LAB:-/var/tmp/standin-lab}/hosts/win1/root/var/lib/wine/drive_c/standin"; }
lines() { on win1 wc -l </var/log/windows-lines; }
state() { on win1 windows sc.exe query Demo | tr -d '\r' | sed -n 's/.*STATE *: [0-9]* *//p'; }

@test "hostile values: cmd.exe is given those that arrive byte for byte; a plan refuses all others, without a connection" {
  values plan | put values.yaml
  before=$(on win1 cat /var/log/windows-lines)
  code=0
  standin plan --offline -o json /root/values.yaml >"$BATS_TEST_TMPDIR/plan.json" || code=$?
  is $code 1
  is "$(on win1 cat /var/log/windows-lines)" "$before"
  run values judge <"$BATS_TEST_TMPDIR/plan.json"
  says "wrong: []"
  passed=${output%% *}
  [ "$passed" -ge 200 ]
  says "pass, "
  says "$passed commands shown"

  rm -f "$(drive)/said"
  values run | put values.yaml
  run_book /root/values.yaml
  is "$status" 0
  run values compare <"$(drive)/said"
  echo "$output"
  [[ $output =~ ^([0-9]+)" of "([0-9]+)", "([0-9]+)" noted; different: []"$ ]]
  is "${BASH_REMATCH[1]} ${BASH_REMATCH[3]}" "${BASH_REMATCH[2]} ${BASH_REMATCH[2]}"
  not on win1 test -e /tmp/standin-hostile-mark
}

@test "what cannot be told to cmd.exe is refused before anything is sent, with a hint" {
  before=$(on win1 cat /var/log/windows-lines)
  act win1 core.run 'run: [say.exe, "100%"]'
  is "$(outcome 1)" failed
  error_says 1 "argument 1 cannot be passed through cmd.exe: '%' at byte 3"
  error_says 1 'pass it by stdin, or use PowerShell'
  act win1 core.run 'run: [say.bat, x]'
  error_says 1 'cmd.exe cannot be told for certain to run say.bat'
  act win1 windows.feature 'name: NET-Framework-Core'
  error_says 1 'win1 has no PowerShell (`shell: cmd` in the inventory)'
  is "$(on win1 cat /var/log/windows-lines)" "$before"
}

@test "exit codes pass through" {
  act win1 core.run 'run: [say.exe, exit, "3"]'
  is "$(outcome 1)" failed
  error_says 1 'ended with exit code 3'
  act win1 core.run 'run: [say.exe, exit, "7"], success: {exits: [7]}'
  is "$(outcome 1)" changed
  act win1 core.run 'run: [no-such-program.exe]'
  is "$(outcome 1)" failed
}

@test "a service is started, found started, stopped, found stopped" {
  act win1 service.start 'name: Demo'
  is "$(outcome 1)" changed
  is "$(field 1 before.state.state)" inactive
  is "$(state)" RUNNING
  act win1 service.start 'name: Demo'
  is "$(outcome 1)" ok
  act win1 service.stop 'name: Demo'
  is "$(outcome 1)" changed
  is "$(state)" STOPPED
  act win1 service.stop 'name: Demo'
  is "$(outcome 1)" ok
}

@test "sc start gives 0 and the service does not run: that is noticed, and trying again helps" {
  touch "$(drive)/Demo.fail"
  act win1 service.start 'name: Demo'
  is "$(outcome 1)" failed
  is "$(field 1 after.state.state)" inactive
  not [ -e "$(drive)/Demo.fail" ]
  touch "$(drive)/Demo.fail"
  act win1 service.start 'name: Demo' 'retry: {attempts: 3, delay: 100ms}'
  is "$(outcome 1)" changed
  is "$(field 1 attempts)" 2
  is "$(state)" RUNNING
}

@test "a service whose name is wrong is neither started nor taken for stopped" {
  act win1 service.stop 'name: Dmeo'
  not [ "$status" = 0 ]
  not [ "$(outcome 1)" = ok ]
}

@test "a component of the setup manager's day is looked for in the registry" {
  key='HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Setup\OC Manager\Subcomponents'
  on win1 windows reg.exe add "$key" /v iis_nntp /t REG_DWORD /d 0 /f
  act_book win1 windows.component 'name: iis_nntp, answers: "C:\\standin\\nntp.txt"'
  run standin plan /root/act.yaml
  says 'installed: false -> true'
  says 'sysocmgr.exe /i:C:\WINNT\inf\sysoc.inf /u:C:\standin\nntp.txt /q /r'
  on win1 windows reg.exe add "$key" /v iis_nntp /t REG_DWORD /d 1 /f
  act win1 windows.component 'name: iis_nntp, answers: "C:\\standin\\nntp.txt"'
  is "$(outcome 1)" ok
}

@test "a PowerShell that says nothing is never taken for a service that runs" {
  use_inventory 's/, shell: cmd//'
  act win1 service.start 'name: Demo'
  is "$(outcome 1)" failed
  error_says 1 'cannot be observed'
  error_says 1 'nothing was applied'
}
