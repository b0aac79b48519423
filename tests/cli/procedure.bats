#!/usr/bin/env bats
# The table in runbooks/README.md: every row of the reference procedure stands in it once, each step that it names is in that runbook, each
# test that it names is there and says the row's id.
load support

# check README - prints what is wrong
check() {
  python3 - "$TREE" "$1" <<'P'
import os, re, sys
tree, readme = sys.argv[1:]
wanted = [f"{letter}{n}" for letter, last in (("R", 4), ("P", 15), ("F", 7), ("B", 10), ("A", 2)) for n in range(1, last + 1)]
rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in open(readme) if re.match(r"\| [RPFBA]\d+ \|", line)]
if [row[0] for row in rows] != wanted:
    print("rows:", " ".join(row[0] for row in rows))
text = {}
def read(path):
    if path not in text:
        text[path] = open(os.path.join(tree, path)).read() if os.path.exists(os.path.join(tree, path)) else None
    return text[path]
for row, what, *folders, tests in rows:
    for folder, cell in zip(("exchange", "mail-domain"), folders):
        steps = [] if cell == "-" else cell.split("; ")
        for step in steps:
            parts = re.fullmatch(r"(prepare|failover|failback) \*(.+)\*", step)
            book = parts and read(f"runbooks/{folder}/{parts[1]}.yaml")
            if not book or not re.search(r"(name|group): [\"']?" + re.escape(parts[2]), book):
                print(f"{row}: runbooks/{folder} has no step {step}")
        if folder == "exchange" and not steps:
            print(f"{row}: no step of exchange")
    names = re.findall(r"`([^`]+)`", tests)
    if not what or not names:
        print(f"{row}: no words, or no test")
    for name in names:
        cases = re.findall(r'^@test "(.*)" \{$', read(name) or "", re.M)
        if not any(re.search(rf"\b{row}\b", case) for case in cases):
            print(f"{row}: no test of {name} says {row}")
P
}

@test "every row has its steps and its tests" {
  code 0 check "$TREE/runbooks/README.md"
  same "$output" ""
}

@test "what is missing is told" {
  sed -e '/^| P7 /d' -e '/^| F3 /s/Delete the source computer/Delete another computer/' -e '/^| A2 /s#cli/exchange#lab/host#' "$TREE/runbooks/README.md" >table.md
  code 0 check table.md
  has "$output" "rows: R1 R2 R3 R4 P1 P2 P3 P4 P5 P6 P8"
  has "$output" "F3: runbooks/exchange has no step failover *Delete another computer*"
  has "$output" "A2: no test of tests/lab/host.bats says A2"
}
