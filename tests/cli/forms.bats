#!/usr/bin/env bats
# standin validate for programs: each form against its schema (SARIF: tests/unit/report/findings_test.c), exit codes, folders,
# baselines, the table of rules.
load support

faulty() {
  runbook bad <<<'steps: [{uses: toy.putt, host: a}, {uses: core.run, host: a, with: {run: [cat, "<a> & \"b\"", "|", wc]}}]'
  runbook good <<<'steps: [{uses: core.log, with: {message: hello}}]'
}

@test "rules: the table has every rule that the engine can name, and no other; its page tells why, what to do, an example" {
  used=$(grep -rhoE '"(document|yaml|schema|expression|runbook|call|names|input|check|inventory|evidence|plugin|lint|library|policy|replica)/[a-z-]+"' \
    "$TREE"/engine --include='*.c' | tr -d '"' | sort -u)
  code 0 standin explain
  same "$(awk '{print $1}' <<<"$output" | sort)" "$used"
  code 0 standin explain names/step
  has "$output" "names/step (error)"
  has "$output" "Why: "
  has "$output" "What to do: "
  has "$output" "# instead"
  has "$output" "It cannot be silenced"
  code 0 standin explain lint/timeout-over-rto
  has "$output" 'lint: {ignore: [{rule: lint/timeout-over-rto, reason: "..."}]}'
  code 2 standin explain names/stp
  has "$output" "did you mean 'names/step'?"
  code 0 standin explain names -o json
  same "$(field "$output" '{r["id"].split("/")[0] for r in value}, all(r["severity"] == "error" for r in value)')" "({'names'}, True)"
}

@test "rules: the man page has them all" {
  manual=$("$STANDIN" manual rules)
  for rule in $("$STANDIN" explain | awk '{print $1}'); do
    grep -qF "## ${rule//[_]/\\_}" <<<"$manual" || { echo "no $rule"; return 1; }
  done
  if command -v scdoc >/dev/null; then scdoc <<<"$manual" >/dev/null; fi
}

@test "JUnit: a suite a file, a case a finding; it conforms to its schema, and what does not is refused" {
  faulty
  code 2 standin validate -o junit bad.yaml good.yaml
  printf '%s\n' "$output" >junit.xml
  xmllint --noout --schema "$TREE/tests/cases/forms/junit.xsd" junit.xml
  same "$(xmllint --xpath 'string(/testsuites/@failures)' junit.xml)" 1
  same "$(xmllint --xpath 'count(//testcase)' junit.xml)" 3
  has "$output" '<testcase classname="good.yaml" name="valid" time="0"/>'
  code 2 standin validate -o junit --strict bad.yaml good.yaml
  same "$(xmllint --xpath 'string(/testsuites/@failures)' - <<<"$output")" 2
  sed -i 's/tests="3"/tests="many"/' junit.xml
  run xmllint --noout --schema "$TREE/tests/cases/forms/junit.xsd" junit.xml
  [ "$status" -ne 0 ]
}

@test "GitHub: one command a finding, on one line" {
  faulty
  code 2 standin validate -o github bad.yaml good.yaml
  same "$(sed 's/::.*::.*/X/' <<<"$output" | sort -u)" X
  has "$output" "::error file=bad.yaml,line=4,col=16,endLine=4,endColumn=24,title=check/unknown-action::there is no action 'toy.putt'%0Adid you mean 'toy.put'?"
  has "$output" "::warning file=bad.yaml,line=4,"
}

@test "SARIF: a result a finding, with its rule's index, region and fingerprint" {
  faulty
  code 2 standin validate -o sarif bad.yaml good.yaml
  same "$(field "$output" '[value["runs"][0]["tool"]["driver"]["rules"][r["ruleIndex"]]["id"] == r["ruleId"] for r in value["runs"][0]["results"]]')" "[True, True]"
  same "$(field "$output" 'value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]')" \
    "{'artifactLocation': {'uri': 'bad.yaml', 'uriBaseId': '%SRCROOT%'}, 'region': {'startLine': 4, 'startColumn': 16, 'endLine': 4, 'endColumn': 24}}"
}

@test "SARIF: files are named from the top of the work tree, wherever one stands; else from here" {
  faulty
  mkdir -p repo/mail/drills
  cp bad.yaml inventory.yaml repo/mail/drills
  uri() { field "$output" '(value["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"], value["runs"][0]["originalUriBaseIds"]["%SRCROOT%"]["uri"])'; }
  cd repo/mail
  code 2 standin validate -o sarif drills/bad.yaml
  same "$(uri)" "({'uri': 'drills/bad.yaml', 'uriBaseId': '%SRCROOT%'}, 'file://$(pwd -P)/')"
  git -C .. init -q
  for path in drills/bad.yaml ./drills/../drills/bad.yaml "$W/repo/mail/drills/bad.yaml"; do
    code 2 standin validate -o sarif "$path"
    same "$(uri)" "({'uri': 'mail/drills/bad.yaml', 'uriBaseId': '%SRCROOT%'}, 'file://$(cd .. && pwd -P)/')"
  done
  cd drills
  code 2 standin validate -o sarif bad.yaml
  has "$(uri)" "{'uri': 'mail/drills/bad.yaml', "
}

@test "exit codes: warnings pass, with --strict they do not; an unknown form is wrong usage" {
  runbook <<<'steps: [{uses: core.run, host: a, with: {run: [cat, a, "|", wc]}}]'
  code 0 standin validate r.yaml
  has "$output" "[check/no-shell]"
  has "$output" "r.yaml: valid"
  code 2 standin validate --strict r.yaml
  code 2 standin validate -o xml r.yaml
  has "$output" "-o knows text, json, sarif, junit and github, not 'xml'"
}

@test "a folder: every document of ours in it, sorted, nothing else" {
  faulty
  mkdir -p books/deep books/.hidden
  mv bad.yaml books/deep/z.yaml
  cp good.yaml books/a.yaml
  cp books/deep/z.yaml books/.hidden/h.yaml
  printf 'version: 2\n' >books/ci.yml
  code 2 standin validate -i inventory.yaml books -o json
  same "$(field "$output" '[(f["path"], f["valid"]) for f in value]')" "[('books/a.yaml', True), ('books/deep/z.yaml', False)]"
}

@test "a baseline: what is known does not count, though its line moves; what is new does; an error never becomes known" {
  runbook <<'YAML'
steps:
  - {uses: core.run, host: a, with: {run: [cat, a, "|", wc]}}
YAML
  code 2 standin validate --strict r.yaml
  code 0 standin validate --write-baseline known.json r.yaml
  code 0 standin validate --strict --baseline known.json r.yaml
  has_not "$output" "check/no-shell"
  sed -i 's/^steps:/summary: moved\n\nsteps:\n  - {uses: core.log, with: {message: new}}/' r.yaml
  code 0 standin validate --strict --baseline known.json ./r.yaml
  printf '  - {uses: core.run, host: a, with: {run: [cat, b, ">", c]}}\n' >>r.yaml
  code 2 standin validate --strict --baseline known.json r.yaml
  has "$output" "r.yaml:9:52: warning"
  has_not "$output" "r.yaml:8:"
  sed -i '/wc/d' r.yaml
  code 2 standin validate --strict --baseline known.json r.yaml
  has "$output" "1 of the baseline's findings are gone"
  has_not "$output" "not in the baseline"
  runbook <<<'steps: [{uses: toy.putt, host: a}]'
  code 0 standin validate --write-baseline known.json r.yaml
  has "$output" "standin validate: 1 error is not in the baseline: what stops every run cannot rest; mend it, validate ends with 2 until then"
  code 2 standin validate --baseline known.json r.yaml
  code 8 standin validate --baseline none.json r.yaml
  echo '{}' >known.json
  code 2 standin validate --baseline known.json r.yaml
  has "$output" "has no list of findings"
}

@test "schema: one JSON Schema with every action, for an editor; those of inventories and manifests" {
  code 0 standin schema
  same "$(field "$output" 'sorted(c["const"] for c in value["$defs"]["action"]["properties"]["uses"]["anyOf"]) == sorted(r["if"]["properties"]["uses"]["const"] for r in value["$defs"]["action"]["allOf"])')" True
  same "$(field "$output" '[r["then"]["properties"]["with"]["required"] for r in value["$defs"]["action"]["allOf"] if r["if"]["properties"]["uses"]["const"] == "toy.put"]')" "[['name', 'value']]"
  code 0 standin schema inventory
  same "$output" "$(cat "$TREE/schemas/inventory.schema.json")"
  code 2 standin schema nothing
  has "$output" "there are runbook, inventory, plugin, replica, audit and policy"
}

@test "fmt: writes what it changes and names it; --check only says so; links, modes and comments stay; no document is told" {
  runbook <<<$'steps:\n- with: {message: x} # why\n  uses: core.log   '
  cp r.yaml before
  chmod 640 r.yaml
  ln -s r.yaml link.yaml
  code 2 standin fmt --check r.yaml
  same "$output" "r.yaml"
  cmp r.yaml before
  code 0 standin fmt link.yaml
  same "$output" "link.yaml"
  [ -L link.yaml ]
  same "$(stat -c %a r.yaml)" 640
  same "$(tail -n 3 r.yaml)" $'steps:\n  - uses: core.log\n    with: {message: x} # why'
  code 0 standin fmt --check r.yaml
  same "$output" ""
  same "$(standin fmt - <before)" "$(cat r.yaml)"
  code 0 standin fmt -o json r.yaml
  same "$output" '[{"path":"r.yaml","changed":false}]'
  printf 'a: [\n' >broken.yaml
  code 2 standin fmt broken.yaml
  has "$output" "broken.yaml:"
  same "$(cat broken.yaml)" "a: ["
}
