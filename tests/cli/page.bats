#!/usr/bin/env bats
# The page that `report` makes, in a real browser (headless Chromium): nothing sticks out or is cut at a desk's width and at a phone's, no script, nothing
# from elsewhere, and it prints.
load support

browser() { # ARGUMENT... - as root it has no sandbox; its profile goes away with W
  nice timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --hide-scrollbars \
    --user-data-dir="$W/profile" "$@" 2>/dev/null
}

# measured FILE WIDTH - what page.js finds in the page at that width, as JSON. In a frame: no window is as narrow as a phone.
measured() {
  { cat "$1"; printf '<script>\n'; cat "$TREE/tests/cli/page.js"; printf '</script>\n'; } >"$W/measured.html"
  printf '<title></title><script>onmessage = event => { document.title = event.data }</script><iframe src=measured.html style="width:%dpx;height:900px;border:0">' \
    "$2" >"$W/frame.html"
  browser --window-size=1400,1000 --virtual-time-budget=3000 --dump-dom "file://$W/frame.html" | python3 -c '
import html, re, sys
print(html.unescape(re.search("<title>(.*?)</title>", sys.stdin.read(), re.S).group(1)))'
}

# A run with what makes pages wide or long: a retry, a rescue with a question, a failed step, words without blanks, secrets, another alphabet.
a_run() {
  printf '..' >a/fail/x
  printf '.....' >a/fail/y
  long=$(printf 'x%.0s' {1..300})
  runbook <<YAML
summary: A summary that says in one sentence of some length what this drill is there to show
objectives: {rto: 1h, rpo: 1m}
inputs: {path: {type: string, default: /srv/$long}}
steps:
  - {name: Put x, uses: toy.put, host: a, with: {name: x, value: $long}, retry: {attempts: 4, delay: 10ms}}
  - group: A group with a name that is so long that no phone could ever show it on one single line of text
    steps:
      - {name: $long, uses: core.run, host: a, with: {run: [sh, -c, "echo $long; echo 'Здравствуйте <b>&amp;</b>' >&2"]}}
      - {uses: toy.put, host: b, with: {name: z, value: "1"}}
      - {name: Put y, uses: toy.put, host: a, with: {name: y, value: "1"}, timeout: 5s}
    rescue:
      - {id: ask, uses: core.prompt, with: {message: "Go on? $long", choices: [mended, stop]}}
      - {uses: core.run, host: a, with: {run: [sh, -c, "echo 1 >$W/a/objects/y"]}}
outputs: {rpo: "\${{ duration('12s') }}"}
YAML
  standin audit key --new >key
  standin run r.yaml --yes --answer ask=mended >/dev/null
}

@test "nothing sticks out at 1280 and at 390 pixels; the timeline fits, and is the phone's on a phone" {
  a_run
  standin report >page.html
  for width in 1280 390; do
    found=$(measured page.html $width)
    echo "$found"
    [ "$(field "$found" 'value["width"]')" = $width ]
    [ "$(field "$found" 'value["page"]')" = $width ]
    same "$(field "$found" 'value["outside"]')" "[]"
    same "$(field "$found" 'value["clipped"]')" "[]"
    [ "$(field "$found" 'value["bars"] >= 7 and value["smallest"] >= 10 and value["font"] >= 16')" = True ]
    same "$(field "$found" 'value["pictures"]')" "['$([ $width = 390 ] && echo narrow || echo wide)']"
  done
}

@test "the measurement can fail: a page that is too wide is found, and one whose text is cut" {
  a_run
  standin report | sed 's#</header>#&<p style="width:1000px">wide</p><p style="overflow:hidden;white-space:nowrap;width:50px">clipped text</p>#' >page.html
  found=$(measured page.html 390)
  has "$(field "$found" 'value["outside"]')" "wide</p>"
  has "$(field "$found" 'value["clipped"]')" "clipped text"
  [ "$(field "$found" 'value["page"] > 390')" = True ]
}

@test "it needs nothing else: no script, no address; every reference is one to itself; hosts' words stay text" {
  a_run
  standin report >page.html
  for word in '<script' 'src=' '@import' 'url(' 'http:' 'https:' ' on[a-z]*=' '<b>&amp;</b>'; do
    if grep -q -e "$word" page.html; then echo "there is $word"; false; fi
  done
  same "$(grep -o 'href="[^"]*"' page.html | sort -u)" 'href="#verification"'
  grep -q 'Здравствуйте &lt;b&gt;' page.html
  grep -q ' id="verification"' page.html
}

@test "it tells what was asked, changed, tried again; the objectives; and whether the journal is proven" {
  a_run
  standin report >page.html
  text=$(sed 's/<[^>]*>//g' page.html)
  has "$text" "RTO: 1h allowed"
  has "$text" "Answered mended by"
  has "$text" "by machines"
  has "$text" "waiting for people"
  has "$text" "attempt 3"
  has "$text" "x does not want to"
  [[ $text =~ [0-9]+' lines' ]]
  has "$text" "each is the one that was written, none is missing"
  has "$text" "Ed25519 $(sed -n 's/^key //p' key), "
  has "$text" "to its end; the key is trusted here"
  has "$text" "none was given: that the newest runs are all there is not proven by this page"
  sed -i 's/Put x/Put w/' state/runs/*/journal.jsonl
  code 7 standin report
}

@test "it prints, without what is folded away on the screen being lost" {
  a_run
  standin report >page.html
  browser --no-pdf-header-footer --print-to-pdf="$W/page.pdf" "file://$W/page.html" >out
  [ "$(head -c 5 page.pdf)" = %PDF- ]
  [ "$(stat -c %s page.pdf)" -gt 20000 ]
  [ "$(grep -ac '/Type */Page\b' page.pdf)" -ge 1 ]
}
