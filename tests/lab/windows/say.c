/*
 * say.c - notes what it was given in C:\standin\said, as hex of UTF-8: a line "argument HEX" for each argument, as
 * CommandLineToArgvW finds them; behind the first argument `stdin` also "stdin HEX". `exit N` as arguments: it ends with that
 * code. Built for Windows (mingw); runs under Wine.
 */
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static void note(FILE *said, const char *what, const unsigned char *bytes, size_t length)
{
	fprintf(said, "%s ", what);
	for (size_t i = 0; i < length; i++)
		fprintf(said, "%02x", bytes[i]);
	fprintf(said, "\n");
}

static void note_stdin(FILE *said)
{
	static unsigned char bytes[1 << 20];
	_setmode(_fileno(stdin), _O_BINARY);
	note(said, "stdin", bytes, fread(bytes, 1, sizeof(bytes), stdin));
}

int main(void)
{
	static char text[1 << 17];
	int count;
	wchar_t **arguments = CommandLineToArgvW(GetCommandLineW(), &count);
	if (count == 3 && wcscmp(arguments[1], L"exit") == 0)
		return _wtoi(arguments[2]);
	FILE *said = fopen("C:\\standin\\said", "ab");
	if (!said)
		return 1;
	for (int i = 1; i < count; i++) {
		int length = WideCharToMultiByte(CP_UTF8, 0, arguments[i], -1, text, sizeof(text), NULL, NULL);
		note(said, "argument", (unsigned char *)text, length ? (size_t)length - 1 : 0);
	}
	if (count > 1 && wcscmp(arguments[1], L"stdin") == 0)
		note_stdin(said);
	return fclose(said) ? 1 : 0;
}
