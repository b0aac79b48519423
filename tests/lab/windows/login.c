/*
 * login.c - what the sshd of OpenSSH for Windows does with a command, where cmd.exe is the login shell: it starts
 *
 *     cmd.exe /c "LINE"
 *
 * with the line as it came, and passes on its exit code. wine64 itself would quote LINE as one argument, which is another text.
 * Built for Windows (mingw); runs under Wine.
 */
#include <stdio.h>
#include <wchar.h>
#include <windows.h>

#define LINE_LIMIT 32767 /* what CreateProcess takes */

int main(void)
{
	static wchar_t line[LINE_LIMIT], command[LINE_LIMIT];
	STARTUPINFOW startup = {.cb = sizeof(startup)};
	PROCESS_INFORMATION process;
	DWORD code = 127;
	DWORD length = GetEnvironmentVariableW(L"SSH_ORIGINAL_COMMAND", line, LINE_LIMIT);
	if (length >= LINE_LIMIT - 32)
		return fputs("login: the line is too long\n", stderr), 127;
	if (length)
		swprintf(command, LINE_LIMIT, L"cmd.exe /c \"%ls\"", line);
	else
		wcscpy(command, L"cmd.exe");
	SetEnvironmentVariableW(L"SSH_ORIGINAL_COMMAND", NULL);
	if (!CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process))
		return fputs("login: cmd.exe cannot be started\n", stderr), 127;
	WaitForSingleObject(process.hProcess, INFINITE);
	GetExitCodeProcess(process.hProcess, &code);
	return (int)code;
}
