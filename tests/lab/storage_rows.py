#!/usr/bin/python3
"""storage_rows.py RUNBOOK - of a runbook of runbooks/exchange what concerns replica and storage hosts, to stdout: the steps that use replica.*, those on
a storage host, and those that ask or tell of what these have found. All others are for Windows hosts. What is left is as it stands there."""
import re, sys

ROWS = re.compile(r"uses: replica\.|host: \$\{\{ inputs\.\w+_storage \}\}|steps\.(copy|point|promote|restore)\.outputs")


def items(lines):
    """The items of a list, each with the comments before it."""
    indent, out, new = min(len(line) - len(line.lstrip()) for line in lines if line.strip()), [], True
    for line in lines:
        starts = line[indent:indent + 1] in ("-", "#")
        if starts and not (out and all(other.lstrip().startswith("#") for other in out[-1])):
            out.append([])
        out[-1].append(line)
    return out


def kept(lines):
    out = []
    for item in items(lines):
        first = next(line for line in item if not line.lstrip().startswith("#"))
        steps = " " * (len(first) - len(first.lstrip()) + 2) + "steps:"
        if not first.lstrip().startswith("- group:") and steps not in item:
            out += item if ROWS.search("\n".join(item)) else []
            continue
        at = item.index(steps) + 1
        if ROWS.search("\n".join(item[:at])):
            out += item
            continue
        end = next((n for n in range(at, len(item)) if item[n].strip() and len(item[n]) - len(item[n].lstrip()) < len(steps) - 4), len(item))
        inner = kept(item[at:end])
        out += item[:at] + inner if inner else []
    return out


parts = {}
for line in open(sys.argv[1]).read().splitlines():
    if line and not line.startswith((" ", "#")):
        key = line.split(":")[0]
    if line and not line.startswith("#"):
        parts.setdefault(key, []).append(line)
for key in ("preflight", "steps"):
    parts[key] = parts[key][:1] + (kept(parts[key][1:]))
    if len(parts[key]) == 1:
        del parts[key]
text = "\n".join("\n".join(parts[key]) for key in ("preflight", "steps") if key in parts)
used = set(re.findall(r"inputs\.(\w+)", text))
parts["inputs"] = [line for line in parts["inputs"] if not line.startswith("  ") or line.split(":")[0].strip() in used]
for key in ("standin", "runbook", "kind", "summary", "objectives", "lock", "inputs"):
    if key in parts:
        print("\n".join(parts[key]))
print(text)
