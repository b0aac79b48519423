#!/usr/bin/python3
"""Keys of INI files on hosts: what a process plugin looks like. The file is read and written on the host, by the engine."""
import standin

READ = '[ -e "$1" ] || exit 44; exec cat -- "$1"'
MODE = '[ ! -e "$1" ] || exec stat -L -c %a -- "$1"'


class Broken(Exception):
    pass


def is_comment(line):
    return line.lstrip()[:1] in ("#", ";", "")


def section_of(line):
    text = line.strip()
    return text[1:-1].strip() if text.startswith("[") and text.endswith("]") else None


def key_of(line):
    return None if is_comment(line) or "=" not in line else line.split("=", 1)[0].strip()


def read_lines(call):
    """The file's lines, or None: there is no such file."""
    ran = call.run(["sh", "-c", READ, "sh", call.inputs["path"]], scope=False)
    if ran["exit"] == 44:
        return None
    if ran["exit"] != 0:
        raise Broken(ran["stderr"].strip() or "exit code %d" % ran["exit"])
    if ran["stdout_total"] > 65536:
        raise Broken("the file is larger than 64 KiB")
    return ran["stdout"].splitlines()


def find(lines, section, key):
    """(index of the key's line or None, index behind the section's last line or None)"""
    inside, found, end = False, None, None
    for index, line in enumerate(lines):
        name = section_of(line)
        if name is not None:
            inside = name == section
        if inside and key_of(line) == key:
            found = index
        if inside and (name is not None or not is_comment(line)):
            end = index + 1
    return found, end


def observe(call):
    try:
        lines = read_lines(call)
    except Broken as broken:
        return standin.unobservable(str(broken))
    found, _ = find(lines or [], call.inputs["section"], call.inputs["key"])
    return standin.absent() if found is None else standin.state(value=lines[found].split("=", 1)[1].strip())


def write(call, lines):
    path = call.inputs["path"]
    mode = call.run(["sh", "-c", MODE, "sh", path], scope=False)["stdout"].strip()
    call.upload(path, "".join(line + "\n" for line in lines), mode=int(mode, 8) if mode else 0o644)
    return standin.done()


def set_key(call):
    section, key = call.inputs["section"], call.inputs["key"]
    try:
        lines = read_lines(call) or []
    except Broken as broken:
        return standin.failed(str(broken))
    line = "%s = %s" % (key, call.inputs["value"])
    found, end = find(lines, section, key)
    if found is not None:
        lines[found] = line
    elif end is not None:
        lines.insert(end, line)
    else:
        lines += ([""] if lines else []) + ["[%s]" % section, line]
    return write(call, lines)


def remove_key(call):
    try:
        lines = read_lines(call) or []
    except Broken as broken:
        return standin.failed(str(broken))
    found, _ = find(lines, call.inputs["section"], call.inputs["key"])
    if found is not None:
        del lines[found]
    return write(call, lines)


def observe_sections(call):
    try:
        lines = read_lines(call)
    except Broken as broken:
        return standin.unobservable(str(broken))
    if lines is None:
        return standin.absent()
    return standin.state(sections=[name for name in map(section_of, lines) if name is not None])


def describe(call, part):
    """What it writes depends on what it reads; what it reads is exact."""
    commands = [call.command(["sh", "-c", READ, "sh", call.inputs["path"]])]
    if part == "apply":
        commands.append(call.command(["sh", "-c", MODE, "sh", call.inputs["path"]]))
        commands.append(call.command(["tee", "--", call.inputs["path"]], stdin=True))
    return commands


standin.serve({
    "set": standin.Action(observe=observe, apply=set_key, describe=describe),
    "remove": standin.Action(observe=observe, apply=remove_key, describe=describe),
    "sections": standin.Action(observe=observe_sections, describe=describe),
})
