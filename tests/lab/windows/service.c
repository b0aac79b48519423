/*
 * service.c - a real Windows service for the lab: `service.exe NAME`. It needs a moment to come up and one to go down.
 * While C:\standin\NAME.fail is there it reports that it starts, and dies at once; the file goes with the first try.
 * Built for Windows (mingw); runs under Wine's service control manager.
 */
#include <stdio.h>
#include <windows.h>

#define MOMENT 300 /* ms */

static SERVICE_STATUS_HANDLE handle;
static HANDLE stop;
static const char *name = "service";

static void report(DWORD state, DWORD error)
{
	SERVICE_STATUS status = {
		.dwServiceType = SERVICE_WIN32_OWN_PROCESS,
		.dwCurrentState = state,
		.dwControlsAccepted = state == SERVICE_RUNNING ? SERVICE_ACCEPT_STOP : 0,
		.dwWin32ExitCode = error ? ERROR_SERVICE_SPECIFIC_ERROR : NO_ERROR,
		.dwServiceSpecificExitCode = error,
		.dwWaitHint = 5000,
	};
	SetServiceStatus(handle, &status);
}

static DWORD WINAPI control(DWORD code, DWORD type, void *data, void *context)
{
	(void)type, (void)data, (void)context;
	if (code == SERVICE_CONTROL_STOP) {
		report(SERVICE_STOP_PENDING, 0);
		SetEvent(stop);
	}
	return NO_ERROR;
}

static void WINAPI service(DWORD count, char **arguments)
{
	char fail[MAX_PATH];
	(void)count, (void)arguments;
	snprintf(fail, sizeof(fail), "C:\\standin\\%s.fail", name);
	stop = CreateEventA(NULL, TRUE, FALSE, NULL);
	handle = RegisterServiceCtrlHandlerExA(name, control, NULL);
	report(SERVICE_START_PENDING, 0);
	if (DeleteFileA(fail)) {
		report(SERVICE_STOPPED, 1078);
		return;
	}
	Sleep(MOMENT);
	report(SERVICE_RUNNING, 0);
	WaitForSingleObject(stop, INFINITE);
	Sleep(MOMENT);
	report(SERVICE_STOPPED, 0);
}

int main(int count, char **arguments)
{
	if (count > 1)
		name = arguments[1];
	SERVICE_TABLE_ENTRYA table[] = {{(char *)name, service}, {NULL, NULL}};
	return StartServiceCtrlDispatcherA(table) ? 0 : 1;
}
