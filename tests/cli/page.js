// Measures the page that it stands at the end of, and tells the page around it, as JSON. Only the test puts it there.
const shown = element => element.getClientRects().length > 0;
const inside = element => { const box = element.getBoundingClientRect(); return box.left >= -0.5 && box.right <= innerWidth + 0.5; };
const scrolls = element => element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).display !== "inline";
const all = [...document.querySelectorAll("body *")].filter(shown);
const small = [...document.querySelectorAll("svg text")].filter(shown).map(text => text.getBoundingClientRect().height);
parent.postMessage(JSON.stringify({
  width: innerWidth,
  page: document.documentElement.scrollWidth,
  outside: all.filter(element => !element.closest("svg, details:not([open]) > div") && !inside(element)).map(element => element.outerHTML.slice(0, 120)),
  clipped: all.filter(element => !element.closest("svg") && scrolls(element)).map(element => element.outerHTML.slice(0, 120)),
  pictures: [...document.querySelectorAll("svg")].filter(shown).map(svg => svg.getAttribute("class")),
  bars: [...document.querySelectorAll("svg rect")].filter(shown).length,
  smallest: Math.min(...small),
  font: parseFloat(getComputedStyle(document.body).fontSize),
}), "*");
