#!/usr/bin/env python3
"""windows_values.py - hostile values for a host that has only cmd.exe (windows.bats).

  windows_values.py plan           a runbook: one step a value, which gives it to say.exe as an argument
  windows_values.py judge          stdin: the plan of that as JSON. Says which values are refused, and whether it is the right ones
  windows_values.py run            a runbook that gives say.exe all that cmd.exe can be told as arguments, and every value on stdin
  windows_values.py compare        stdin: what say.exe has noted. Says whether that is byte for byte what was given
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "cli"))
import hostile

LINE = 7800  # what cmd.exe takes is 8191, with say.exe and its own words
VALUES = hostile.values() + ["a\\", "a b\\", "a b\\\\", "C:\\Program Files\\", "\\\\server\\share name\\", "a'b c", "^a b^", "x &calc", "(a b)"]


def safe(value):
    """What cmd.exe passes on between double quotes, and one line holds."""
    return value.isascii() and not any(c in '%!"\x7f' or (c < " " and c != "\t") for c in value) and len(value) + value.count("\\") < LINE


def cel(text):
    """Neither YAML nor a template finds anything of its own in it."""
    return '"' + "".join(c if c.isascii() and c.isalnum() else f"\\U{ord(c):08x}" for c in text) + '"'


def chunks(values, size):
    chunk, used = [], 0
    for value in values:
        cost = len(value.encode()) + value.count("\\") + 3
        if chunk and used + cost > size:
            yield chunk
            chunk, used = [], 0
        chunk.append(value)
        used += cost
    yield chunk


def runbook(steps):
    print('standin: "1"\nrunbook: lab/windows\nkind: drill\nsteps:')
    for words, stdin in steps:
        print(f"  - uses: core.run\n    host: win1\n    with:\n      run: '${{{{ [\"say.exe\", {', '.join(map(cel, words))}] }}}}'")
        if stdin is not None:
            print(f"      stdin: '${{{{ {cel(stdin)} }}}}'")


def given():
    for chunk in chunks([value for value in VALUES if safe(value)], LINE):
        yield ["values"] + chunk, None
    for chunk in chunks(VALUES, 20000):
        yield ["stdin"], "\x1e".join(chunk)


def judge(rows):
    wrong = [value for value, row in zip(VALUES, rows, strict=True) if (row["verdict"] == "run") != safe(value)]
    commands = sum(len(row["commands"]) for row in rows)
    print(f"{sum(map(safe, VALUES))} pass, {len(VALUES) - sum(map(safe, VALUES))} are refused, {commands} commands shown; wrong: {wrong}")


def compare(lines):
    expected = []
    for words, stdin in given():
        expected += ["argument " + word.encode().hex() for word in words]
        expected += [] if stdin is None else ["stdin " + stdin.encode().hex()]
    lines = lines.split("\n")[:-1]
    different = [(a, b) for a, b in zip(expected, lines) if a != b]
    print(f"{sum(a == b for a, b in zip(expected, lines))} of {len(expected)}, {len(lines)} noted; different: {different[:3]}")


if __name__ == "__main__":
    verb = sys.argv[1]
    if verb == "plan":
        runbook((["value", value], None) for value in VALUES)
    elif verb == "judge":
        judge(json.load(sys.stdin)["rows"])
    elif verb == "run":
        runbook(given())
    else:
        compare(sys.stdin.read())
