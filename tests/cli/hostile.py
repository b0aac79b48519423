#!/usr/bin/env python3
"""hostile.py - values that shells, programs and files like to misread; and the program that says what has arrived.

  hostile.py values                     a JSON list: the fixed ones, then more from a seed
  hostile.py long                       the same of values that are 100 KiB long
  hostile.py say FILE [ARGUMENT...]     writes its arguments, the variables V0, V1... and stdin into FILE, as hex

None holds a NUL byte, which no program can be given.
"""
import json
import os
import random
import sys

MARK = "/tmp/standin-hostile-mark"  # nothing may ever make this file

FIXED = [
    "", " ", "  ", "a b", " a", "a ", "a  b", "\t", "\n", "a\n", "\na", "a\nb", "a\n\nb\n\n", "\r", "\r\n", "a\rb", "\v\f",
    "'", "''", '"', '""', "`", "'\"'", "\"'\"", "a'b", 'a"b', "it's", "\\", "\\\\", "\\\\\\", "a\\", "\\a", "\\'", '\\"', "\\n", "\\0", "\\x41", "\\u0041", '\\" x', 'a\\\\" x', "C:\\Program Files\\x\\",
    "$", "$$", "$HOME", "${HOME}", "$(id)", "$((1+1))", "$'x'", '$"x"', "${x:-y}", "$1", "$@", "$*", "$?", "$!", "$0", "$_", "$#",
    f"$(touch {MARK})", f"`touch {MARK}`", f"; touch {MARK}", f"& touch {MARK} &", f"| touch {MARK}", f"\ntouch {MARK}\n", f"'; touch {MARK}; '", f"\"; touch {MARK}; \"", f"'$(touch {MARK})'", f"$(touch${{IFS}}{MARK})", f"|| touch {MARK} #", f"&& touch {MARK}", f"\r\ntouch {MARK}\r\n", f"{{touch,{MARK}}}", f"<(touch {MARK})", f">{MARK}", f">>{MARK}", f"2>{MARK}", f"\\'; touch {MARK} #", f"x\n.\ntouch {MARK}", f"\x03touch {MARK}\n", f"\x04touch {MARK}\n", f"\x1a", f"~C\r-L {MARK}", f"\n~.\n",
    "%", "%%", "%PATH%", "%%PATH%%", "%1", "%*", "%~dp0", "%n%s%x", "%s%s%s%n", "%h", "%u", "%t/%i", "!x!", "!", "!!", "!-1", "^", "^^", "^&", "^%PATH^%", "a^\nb", "&", "&&", "|", "||", "<", ">", ";", ";;", "(", ")", "()", "@x", "@echo off", "@(1)", "@{a=1}", "$env:PATH", "$(Get-Date)", "`n", "`0", "`$x", "&{1}", "& calc", "rem x", ":: x", "CON", "NUL", "/?", "/c dir", "--%", "-EncodedCommand", "-Command", "‘", "’", "‚", "‛", "“", "”", "„", "'’'", "–", "—x",
    "-", "--", "-n", "-e", "-c", "--help", "--version", "-rf", "-o ProxyCommand=x", "=", "a=b", "=a", "PATH=/", "A=1 B=2", "+x",
    "*", "?", "[a-z]", "[!a]", "**", "~", "~root", "~/x", "a:~root", "{a,b}", "{1..9}", "{}", "[]", "[[ 1 ]]", "#", "#x", "a#b", "a #b", "!(x)", "@(a|b)",
    "if", "then", "exec", "eval", "exit 1", "return", "true", "false", "null", "~null", "yes", "no", "on", "off", "0", "-0", "007", "0777", "1e3", "0x10", "1_000", ".5", "Infinity", "NaN", "nil", "None", "undefined", "1.0", "9223372036854775808",
    "- a", "a: b", "? x", "| x", "> x", "&a", "*a", "!x y", "%YAML", "---", "...", "{a: b}", "[a, b]", "'a': b", "\"a", "# x: y", ": ", ", ", "<<: *a",
    "{\"a\": 1}", "[1]", "\"", "\\\"", "</script>", "<![CDATA[x]]>", "]]>", "<!--", "&amp;", "&#0;", "<x/>", "${{ 1 }}", "$${{ 1 }}", "{{ x }}", "{% x %}", "%{x}", "#{x}", "<%= x %>", "{0}", "{x!r}", "%(x)s", "$x$",
    "ä", "äöüß€", "日本語", "😀", "👩‍👩‍👧", "e\u0301", "\u00a0", "\u200b", "\u200d", "\u202e", "\u2066x\u2069", "\u2028", "\u2029", "\u0085", "\ufeff", "\ufffd", "\uffff", "\U0010ffff", "\ud7ff", "ﬀ", "İ", "𝄞", "\u0378", "Ａ；Ｂ", "؋", "ab\u0000".rstrip("\0"),
    "\x01", "\x02\x03", "\x07", "\x08", "\x0e", "\x1b", "\x1b[31m", "\x1b]0;x\x07", "\x1b[2J", "\x1bP$q\x1b\\", "\x7f", "\x80", "\x9b31m", "\x9f", "".join(map(chr, range(1, 128))), "".join(map(chr, range(128, 256))),
    "unknown-c4b1f7d2e95a", "•••", "x" * 4096, "'" * 1000, "\\" * 1001, '"' * 999, "\\\"" * 500, "%" * 500, "a\n" * 2000, "$(" * 300, "é" * 3000, " " * 5000, "STANDIN_SCOPE=x", "standin-0123456789abcdef01234567",
]
LONG = ["x" * 102400, "'\"$`\\ä%\n" * 10240]  # for stdin, and arguments that no command line carries


def generated(count):
    chance = random.Random(20260301)
    pieces = list("'\"`$\\%^&|;<>()[]{}*?~!#=-+@,.: \t\n\r/abc01") + ["ä", "€", "😀", "’", "\u202e", "\x1b", "\x01", "\x7f", f"$(touch {MARK})", f"`touch {MARK}`", f";touch {MARK};", "%PATH%", "!x!", "\\\"", "''", "\"\"", "^", "--", "${{", "}}"]
    made = []
    while len(made) < count:
        made.append("".join(chance.choice(pieces) for _ in range(chance.randint(1, 24))))
    return made


def values():
    seen = dict.fromkeys(FIXED)
    return list(seen) + [value for value in generated(400) if value not in seen]


def say(path, arguments):
    with open(path, "w") as file:
        json.dump({
            "arguments": [os.fsencode(argument).hex() for argument in arguments],
            "variables": {name: os.fsencode(value).hex() for name, value in os.environ.items() if name[0] == "V" and name[1:].isdigit()},
            "stdin": sys.stdin.buffer.read().hex(),
        }, file)


if __name__ == "__main__":
    if sys.argv[1] == "values":
        print(json.dumps(values()))
    elif sys.argv[1] == "long":
        print(json.dumps(LONG))
    else:
        say(sys.argv[2], sys.argv[3:])
