#!/usr/bin/env python3
"""canary.py - looks for secrets where none may be. It knows nothing of the engine: the forms are made here anew.

  canary.py search CANARIES PATH...      whole trees; prints what was found and where, exits 1 if anything was
  canary.py watch CANARIES READY STOP    arguments and environment of every process, until STOP exists; prints what was seen

CANARIES is a folder, a file for each secret. READY is made once the watch has begun.
"""
import base64
import hashlib
import json
import os
import re
import sys
import time
import urllib.parse

LINE_LEAST = 8


def coded(name, data):
    """All forms in which data would give itself away: bytes -> what to call it."""
    forms = {data: name}
    for before in range(3):
        text = base64.b64encode(b"\0" * before + data)
        inner = text[(before * 8 + 5) // 6 : (before + len(data)) * 8 // 6]
        forms[inner] = name + " as base64"
        forms[inner.replace(b"+", b"-").replace(b"/", b"_")] = name + " as base64url"
    forms[data.hex().encode()] = name + " as hex"
    forms[data.hex().upper().encode()] = name + " as hex"
    text = data.decode()
    for ascii_only in (True, False):
        forms[json.dumps(text, ensure_ascii=ascii_only)[1:-1].encode()] = name + " as JSON"
    forms[urllib.parse.quote(text, safe="").encode()] = name + " as percent escapes"
    forms[text.replace("'", "'\\''").encode()] = name + " in shell quotes"
    for ending in (b"", b"\n"):
        for kind in ("md5", "sha1", "sha256", "sha512"):
            digest = hashlib.new(kind, data + ending)
            forms[digest.hexdigest().encode()] = name + "'s " + kind
            forms[base64.b64encode(digest.digest()).rstrip(b"=")] = name + "'s " + kind
    return forms


def canaries(folder):
    forms = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            data = file.read().rstrip(b"\n")
        forms.update(coded(name, data))
        for line in data.split(b"\n"):
            if LINE_LEAST <= len(line) < len(data):
                forms.update(coded("a line of " + name, line))
    return forms


def found(forms, data):
    dense = re.sub(rb"\s", b"", data)
    return sorted({what for form, what in forms.items() if form in data or form in dense})


def search(forms, paths):
    count = files = 0
    for path in paths:
        names = [path] if not os.path.isdir(path) else [
            os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names]
        for name in names:
            if not os.path.isfile(name):
                continue
            files += 1
            with open(name, "rb") as file:
                for what in found(forms, name.encode() + b"\n" + file.read()):
                    print(f"{name}: {what}")
                    count += 1
    print(f"{files} files, {len(forms)} forms, {count} found")
    return 1 if count or not files else 0


def watch(forms, ready, stop):
    own = os.getpid()
    seen, rounds = set(), 0
    while True:
        last = os.path.exists(stop)
        for entry in os.listdir("/proc"):
            if not entry.isdigit() or int(entry) == own:
                continue
            for part in ("cmdline", "environ"):
                try:
                    with open(f"/proc/{entry}/{part}", "rb") as file:
                        data = file.read()
                    exe = os.path.basename(os.readlink(f"/proc/{entry}/exe"))
                except OSError:
                    continue
                # the engine's own environment is where the operator put it; how soon it leaves is tested by itself
                if part == "environ" and exe.removesuffix(" (deleted)") == "standin":
                    continue
                for what in found(forms, data):
                    seen.add(f"{part} of {exe}: {what}")
        rounds += 1
        if rounds == 1:
            with open(ready, "w") as file:
                file.write("ready\n")
        if last:
            break
        time.sleep(0.002)
    print("\n".join(sorted(seen)))
    print(f"{rounds} rounds", file=sys.stderr)
    return 1 if seen else 0


if __name__ == "__main__":
    if sys.argv[1] == "search":
        sys.exit(search(canaries(sys.argv[2]), sys.argv[3:]))
    sys.exit(watch(canaries(sys.argv[2]), *sys.argv[3:]))
