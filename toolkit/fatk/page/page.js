"use strict";
(() => {
  const root = document.documentElement;
  const data = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  const title = document.getElementById("panel-title");
  const body = document.getElementById("panel-body");
  const SHOWN_TERMS = 8, SHOWN_OPERANDS = 300, WINDOW = 60, HEIGHT = 32;
  let opener = null, current = null;

  // Words and elements. Text goes in as text and never as markup.

  const language = () => (root.lang.startsWith("zh") ? "zh" : "en");
  const fill = (said, details) => said.replace(/\{(\w+)\}/g, (_, name) => (name in details ? details[name] : "…"));
  function make(tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) if (value !== undefined) made.setAttribute(name, value);
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  }
  function pair(zh, en) {
    const both = document.createDocumentFragment();
    both.append(make("span", { class: "zh", lang: "zh" }, zh), make("span", { class: "en", lang: "en" }, en));
    return both;
  }
  function word(name, details = {}) {
    const said = data.words[name];
    const of = (which) => Object.fromEntries(Object.entries(details).map(([key, value]) => [key, value[which] || value]));
    return pair(fill(said.zh, of("zh")), fill(said.en, of("en")));
  }

  // Cells: a number is a form, a row and a column.

  const prefix = (s) => `s${s + 1}-`;
  const formOf = (s, n) => data.sources[s].forms.find((f) => f.first <= n && n < f.first + f.rows * f.w);
  const elementOf = (s, n) => document.getElementById(prefix(s) + n);
  function placeOf(s, n) {
    const form = formOf(s, n), at = n - form.first;
    return { form, row: Math.floor(at / form.w), column: at % form.w };
  }
  function textOf(s, n) {
    const { form, row, column } = placeOf(s, n);
    const virtual = virtuals.get(form);
    if (virtual && row >= virtual.from) {
      const item = form.more[row - virtual.from][column];
      return item === null || item === 0 ? "" : Array.isArray(item) ? item[0] : item;
    }
    const cell = elementOf(s, n);
    return cell ? ownText(cell) : "";
  }
  const ownText = (cell) => [...cell.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data).join("");
  function rowLabel(s, n) {
    const { form, row, column } = placeOf(s, n);
    const virtual = virtuals.get(form);
    const from = form.lanes[column], names = [];
    if (virtual && row >= virtual.from) {
      form.more[row - virtual.from].forEach((item, c) => {
        if (Array.isArray(item) && form.lanes[c] === from && c < column) names.push(item[0]);
      });
    } else {
      const line = (elementOf(s, n) || bodyOf(s, form).rows[row]).closest("tr");
      let c = 0;
      for (const cell of line.cells) {
        if (c < column && form.lanes[c] === from && !cell.classList.contains("n") && !cell.classList.contains("none")) names.push(ownText(cell));
        c += cell.colSpan;
      }
    }
    const said = names.filter(Boolean);
    return said.length > 1 && /^[0-9]+$/.test(said[1]) ? said[0] : said.join(" ");
  }
  const tables = new Map();
  function bodyOf(s, form) {
    if (!tables.has(form)) tables.set(form, document.querySelector(`#s${s + 1} table[data-first="${form.first}"]`).tBodies[0]);
    return tables.get(form);
  }
  function nameOf(s, n) {
    const { form, column } = placeOf(s, n), row = rowLabel(s, n);
    const amounts = new Set(form.cols.filter((_, c) => form.lanes[c] === form.lanes[column])).size;
    return row && amounts <= 3 && form.lanes.some((lane) => lane) ? row : row ? `${row}·${form.cols[column]}` : form.cols[column];
  }
  function fileplace(s, n) {
    const { form, row, column } = placeOf(s, n), place = form.place;
    if (!place) return "";
    if (!place.cols) return place[n] || "";
    const run = place.rows.find((one) => one[0] <= row && row < one[0] + one[2]);
    return run && place.cols[column] ? place.sheet + place.cols[column] + (run[1] + row - run[0]) : "";
  }

  // Exact sums of decimals.

  const PLACES = 16;
  function scaled(said) {
    const match = /^(-?)([0-9,]*)(?:\.([0-9]*))?$/.exec(said);
    if (!match || !/[0-9]/.test(said)) return null;
    const whole = BigInt(match[2].replaceAll(",", "") + (match[3] || "").padEnd(PLACES, "0").slice(0, PLACES));
    return match[1] ? -whole : whole;
  }
  function printed(sum, places) {
    const minus = sum < 0n, digits = (minus ? -sum : sum).toString().padStart(PLACES + 1, "0");
    const whole = digits.slice(0, -PLACES).replace(/\B(?=(\d{3})+$)/g, ",");
    const rest = digits.slice(-PLACES).replace(/0+$/, "").padEnd(places, "0");
    return (minus ? "-" : "") + whole + (rest ? "." + rest : "");
  }
  const item = (one) => (Array.isArray(one) ? { n: one[0], weight: one[1] } : { n: one, weight: "1" });
  function figureOf(s, one) {
    if (one.n >= 0) return { said: textOf(s, one.n), factor: formOf(s, one.n).f };
    return { said: data.sources[s].extras[-1 - one.n][1] };
  }
  function sumOf(s, side) {
    let total = 0n, places = 0;
    for (const one of side) {
      const figure = figureOf(s, one);
      let value = scaled(figure.said);
      if (value === null) continue;
      if (figure.factor) value = (value * scaled(figure.factor)) / 10n ** BigInt(PLACES);
      const weight = scaled(one.weight);
      total += (value * weight) / 10n ** BigInt(PLACES);
      places = Math.max(places, (figure.said.split(".")[1] || "").length);
    }
    return printed(total, places);
  }

  // Which sums hold a cell.

  function* sumsWith(s, n) {
    const { rules, across, down, others } = data.sources[s].sums;
    const { form, row, column } = placeOf(s, n);
    const at = data.sources[s].forms.indexOf(form);
    const holds = (side, place) => side.some((one) => item(one).n === place);
    const moved = (side, to) => side.map(item).map((one) => (one.n < 0 ? one : { ...one, n: to(one.n) }));
    for (const [rule, of, left, right, ranges] of across) {
      if (of !== at || !(holds(left, column) || holds(right, column))) continue;
      if (!ranges.some(([a, b]) => a <= row && row <= b)) continue;
      const to = (c) => form.first + row * form.w + c;
      yield { rule: rules[rule], left: moved(left, to), right: moved(right, to), outcome: "exact" };
    }
    for (const [rule, of, left, right, columns] of down) {
      if (of !== at || !columns.includes(column) || !(holds(left, row) || holds(right, row))) continue;
      const to = (r) => form.first + r * form.w + column;
      yield { rule: rules[rule], left: moved(left, to), right: moved(right, to), outcome: "exact" };
    }
    for (const [rule, left, right, outcome, reason, found, expected, difference, tolerance, qualifier] of others) {
      if (!holds(left, n) && !holds(right, n)) continue;
      yield { rule: rules[rule], left: left.map(item), right: right.map(item), outcome: outcome || "exact", reason, found, expected, difference, tolerance, qualifier };
    }
  }

  // The panel

  const cellButton = (s, n, name) => make("button", { type: "button", class: "cell", lang: "zh", "data-s": s, "data-n": n }, name);
  function operandName(s, one, here) {
    if (one.n < 0) {
      const [said, , of] = data.sources[s].extras[-1 - one.n];
      const name = make("span", {}, make("b", { lang: "zh" }, said));
      if (of) name.append(" (", word(of), ")");
      return name;
    }
    const at = placeOf(s, one.n), ours = placeOf(s, here);
    if (at.form !== ours.form) {
      return make("span", {}, make("small", { lang: "zh" }, `《${at.form.t}》`), cellButton(s, one.n, nameOf(s, one.n)));
    }
    const name = at.row === ours.row && at.column !== ours.column && at.form.lanes[at.column] === at.form.lanes[ours.column]
      ? at.form.cols[at.column]
      : at.column === ours.column ? rowLabel(s, one.n) : "";
    return cellButton(s, one.n, name || nameOf(s, one.n));
  }
  // Where a cell stands in the person's file; of one on the same sheet the sheet goes without saying.
  function nearby(s, n, here) {
    const place = fileplace(s, n), sheet = fileplace(s, here).split("!").slice(0, -1).join("!");
    return sheet && place.startsWith(`${sheet}!`) ? place.slice(sheet.length + 1) : place;
  }
  function operandRow(s, one, here) {
    const figure = figureOf(s, one);
    const minus = one.weight.startsWith("-"), times = one.weight.replace("-", "");
    const sign = (minus ? "− " : "") + (times !== "1" ? `${times} × ` : "");
    const said = figure.said || null, place = one.n < 0 ? data.sources[s].extras[-1 - one.n][3] : nearby(s, one.n, here);
    const at = place ? make("small", { class: "near", lang: "zh" }, place) : null;
    return make("tr", {}, make("th", { scope: "row" }, sign, operandName(s, one, here), " ", at), make("td", { class: "n" }, said || word("absent")));
  }
  function verdictOf(one, names = {}) {
    const details = { tolerance: one.tolerance || "0" };
    if (one.outcome === "not_checked") details.reason = data.reasons[one.reason] || one.reason;
    const more = data.qualifiers[one.qualifier];
    const qualified = more ? [pair(`（${more.zh}）`, ` (${more.en})`)] : [];
    return make("p", { class: `said ${one.outcome}` }, { exact: "✓ ", within_rounding: "≈ ", failed: "✕ ", not_checked: "◌ " }[one.outcome], word(names[one.outcome] || one.outcome, details), ...qualified);
  }
  // What is checked beside sums: a figure may not exceed others, restates others, or is a rate of them.
  const LISTED_CHECKS = 6;
  function boundOf(s, n, one) {
    const said = { exact: "kept", failed: "beyond" };
    return make("li", {}, make("span", { class: "expression" }, ...expression(s, n, one.left), " ≤ ", ...expression(s, n, one.right)), verdictOf(one, said), byRule(s, one.rule));
  }
  function* checksWith(s, n) {
    const { rules, checks } = data.sources[s].checks;
    for (const [rule, outcome, cells, reason, found, expected, difference, tolerance, qualifier, said] of checks) {
      if (cells.includes(n)) yield { rule: rules[rule], outcome, cells, reason, found, expected, difference, tolerance, qualifier, said };
    }
  }
  function checkOf(s, n, one) {
    const rows = make("tbody");
    for (const other of one.cells) {
      const place = other < 0 ? data.sources[s].extras[-1 - other][3] : fileplace(s, other), figure = figureOf(s, { n: other });
      const stands = other < 0 && data.sources[s].texts[-1 - other];
      const where = stands ? make("a", { href: `#${prefix(s)}c${stands}` }, place) : place;
      const name = other === n ? make("b", { lang: "zh" }, nameOf(s, n)) : operandName(s, { n: other }, n);
      rows.append(make("tr", {}, make("th", { scope: "row" }, name, place ? make("small", { class: "at-place", lang: "zh" }, where) : null), make("td", { class: "n", lang: "zh" }, figure.said || word("absent"))));
    }
    const said = one.said ? make("p", { class: "message" }, pair(...one.said)) : null;
    return make("li", {}, make("table", {}, rows), said, verdictOf(one), byRule(s, one.rule));
  }
  function alsoOf(s, n) {
    const found = [];
    for (const one of checksWith(s, n)) found.push([one.outcome, checkOf(s, n, one)]);
    for (const one of sumsWith(s, n)) if (one.rule[3]) found.push([one.outcome, boundOf(s, n, one)]);
    const rank = (outcome) => ["failed", "within_rounding", "not_checked", "exact"].indexOf(outcome);
    found.sort((a, b) => rank(a[0]) - rank(b[0]));
    const first = Math.max(LISTED_CHECKS, found.filter(([outcome]) => outcome !== "exact").length);
    const items = found.map(([, li]) => li), parts = [make("h3", {}, word("also")), make("ul", { class: "parts" }, ...items.slice(0, first))];
    const rest = items.slice(first);
    if (rest.length) parts.push(make("details", {}, make("summary", {}, word("others", { count: String(rest.length) })), make("ul", { class: "parts" }, ...rest)));
    return found.length ? parts : [];
  }
  function byRule(s, rule) {
    const [id, zh, en] = rule;
    return make("p", { class: "by" }, make("a", { href: `#${prefix(s)}r-${id}` }, id), " ", pair(zh, en));
  }
  function relation(s, n, one, own, others) {
    const box = make("div", { class: `relation ${one.outcome}` }, byRule(s, one.rule));
    const rows = make("tbody");
    others.slice(0, SHOWN_OPERANDS).forEach((other) => rows.append(operandRow(s, other, n)));
    if (others.length > SHOWN_OPERANDS) rows.append(make("tr", {}, make("th", { colspan: 2 }, word("more", { count: String(others.length - SHOWN_OPERANDS) }))));
    if (one.outcome !== "not_checked") {
      const flipped = own === one.right;
      if (others.length > 1) rows.append(make("tr", { class: "sum" }, make("th", { scope: "row" }, word("sum")), make("td", { class: "n" }, one.difference ? (flipped ? one.found : one.expected) : sumOf(s, others))));
      if (one.difference) {
        rows.append(make("tr", { class: "plain" }, make("th", { scope: "row" }, word("here")), make("td", { class: "n" }, flipped ? one.expected : one.found)));
        const difference = flipped ? (one.difference.startsWith("-") ? one.difference.slice(1) : "-" + one.difference) : one.difference;
        rows.append(make("tr", { class: "plain" }, make("th", { scope: "row" }, word("difference")), make("td", { class: "n" }, difference)));
      }
    }
    box.append(make("table", {}, rows), verdictOf(one));
    return box;
  }
  function content(s, n) {
    const source = data.sources[s], { form, column } = placeOf(s, n), parts = [];
    const said = textOf(s, n);
    const unit = form.u.replace(/^.*[:：]/, "");
    parts.push(make("p", { class: "value" }, said ? make("span", {}, said) : word("blank"), make("small", { lang: "zh" }, unit)));
    parts.push(make("p", { class: "place", lang: "zh" }, `《${form.t}》 ${form.cols[column]}`));
    const place = fileplace(s, n);
    if (place) parts.push(make("p", { class: "place" }, word("place"), make("span", {}, place)));
    const about = source.about[n];
    if (about) {
      const line = make("p", { class: "place" }, word("basis"), data.words[about[0]] ? word(about[0]) : about[0]);
      if (about[1]) line.append(" · ", make("b", { lang: "zh" }, about[1]));
      if (about[2] || about[3]) line.append(" · ", word("between", { least: about[2] || "…", most: about[3] || "…" }));
      parts.push(line);
    }
    const told = source.told[n] || [];
    const list = make("ol", { class: "findings" });
    let unlisted = 0;
    for (const number of told) {
      const shown = document.getElementById(`${prefix(s)}f${number}`);
      if (!shown) { unlisted += 1; continue; }
      const copy = shown.cloneNode(true);
      copy.removeAttribute("id");
      list.append(copy);
    }
    if (told.length) parts.push(make("h3", {}, word("findings")), list);
    if (unlisted) parts.push(make("p", { class: "place" }, word("unlisted", { count: String(unlisted) })));
    const made = [], same = [], part = [];
    for (const one of sumsWith(s, n)) {
      if (one.rule[3]) continue;
      const left = one.left.some((other) => other.n === n);
      const own = left ? one.left : one.right, others = left ? one.right : one.left;
      if (own.length === 1 && others.length > 1) made.push(relation(s, n, one, own, others));
      else if (own.length === 1) same.push(relation(s, n, one, own, others));
      else part.push(make("li", {}, ...partOf(s, n, one, own, others)));
    }
    if (made.length) parts.push(make("h3", {}, word("madeof")), ...made);
    if (same.length) parts.push(make("h3", {}, word("equals")), ...same);
    if (part.length) parts.push(make("h3", {}, word("partof")), make("ul", { class: "parts" }, ...part));
    const also = alsoOf(s, n);
    parts.push(...also);
    if (!made.length && !same.length && !part.length && !also.length) parts.push(make("p", { class: "place" }, word("alone")));
    const checked = new Set([...checksWith(s, n)].flatMap((one) => one.cells));
    const restated = (source.restated[n] || []).filter(([, , , at]) => !checked.has(at));
    if (restated.length) {
      const rows = make("tbody");
      restated.forEach(([name, words, state]) => rows.append(make("tr", {}, make("th", { scope: "row", lang: "zh" }, name), make("td", { lang: "zh", class: `s-${state}` }, words))));
      parts.push(make("h3", {}, word("restated")), make("table", {}, rows));
    }
    return parts;
  }
  function expression(s, n, side) {
    const line = [];
    side.slice(0, SHOWN_TERMS).forEach((term, i) => {
      const minus = term.weight.startsWith("-"), times = term.weight.replace("-", "");
      line.push(minus ? (i ? " − " : "− ") : i ? " + " : "", times !== "1" ? `${times} × ` : "");
      line.push(operandName(s, term, n), " ", make("span", { class: "term" }, figureOf(s, term).said || word("absent")));
    });
    if (side.length > SHOWN_TERMS) line.push(" … ", word("more", { count: String(side.length - SHOWN_TERMS) }));
    return line;
  }
  // A single total says enough; of two sums both sides are told, or one would be taken for the other's total.
  function partOf(s, n, one, own, others) {
    const whole = others.length > 1 ? [...expression(s, n, own), " = "] : [];
    return [make("span", { class: "expression" }, ...whole, ...expression(s, n, others)), verdictOf(one), byRule(s, one.rule)];
  }

  function open(s, n, from) {
    current = { s, n };
    document.querySelectorAll(".at,.with").forEach((cell) => cell.classList.remove("at", "with"));
    const cell = shownCell(s, n);
    if (cell) {
      if (from !== "keep") opener = cell;
      cell.classList.add("at");
      cell.tabIndex = -1;
    }
    title.replaceChildren(make("span", { lang: "zh" }, nameOf(s, n)));
    body.replaceChildren(...content(s, n));
    for (const one of sumsWith(s, n)) {
      if (one.rule[3]) continue;
      const left = one.left.some((other) => other.n === n), own = left ? one.left : one.right, others = left ? one.right : one.left;
      if (own.length === 1) others.forEach((other) => { const element = other.n >= 0 && elementOf(s, other.n); if (element) element.classList.add("with"); });
    }
    panel.hidden = false;
    root.classList.add("open");
    panel.scrollTop = 0;
    title.focus({ preventScroll: true });
    if (cell) cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
  function close() {
    if (panel.hidden) return;
    panel.hidden = true;
    root.classList.remove("open");
    document.querySelectorAll(".at,.with").forEach((cell) => cell.classList.remove("at", "with"));
    const back = current && shownCell(current.s, current.n);
    if (back || opener) focusCell(back || opener);
    current = null;
  }
  function shownCell(s, n) {
    const { form, row } = placeOf(s, n), virtual = virtuals.get(form);
    if (virtual && row >= virtual.from) virtual.show(row);
    const cell = elementOf(s, n);
    for (let up = cell && cell.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    return cell;
  }
  function go(s, n) {
    const cell = shownCell(s, n);
    if (!cell) return;
    cell.scrollIntoView({ block: "center", inline: "nearest" });
    open(s, n);
  }

  // Long forms: only the rows in sight are there.

  const virtuals = new Map();
  class Virtual {
    constructor(s, form) {
      this.s = s; this.form = form; this.from = form.rows - form.more.length; this.shown = null;
      this.body = bodyOf(s, form);
      this.above = this.gap(); this.below = this.gap();
      this.body.append(this.above, this.below);
      this.body.closest("table").classList.add("long");
      this.body.closest(".scroll").classList.add("tall");
      this.body.closest("table").setAttribute("aria-rowcount", String(form.rows));
      const rest = this.body.closest("section").querySelector(".rest");
      rest.replaceChildren(word("rows", { rows: form.rows.toLocaleString("en") }));
      this.finder(rest);
      addEventListener("scroll", () => requestAnimationFrame(() => this.follow()), { passive: true });
      this.draw(0);
    }
    gap() { return make("tr", { class: "gap", "aria-hidden": "true" }, make("td", { colspan: this.form.w })); }
    follow() {
      const box = this.above.getBoundingClientRect();
      const end = this.below.getBoundingClientRect().bottom;
      if (end < -2000 || box.top > innerHeight + 2000) return;
      const row = Math.floor((innerHeight / 2 - box.top) / HEIGHT);
      if (this.shown === null || Math.abs(row - this.shown - WINDOW / 2) > WINDOW / 4) this.draw(row - WINDOW / 2);
    }
    show(row) {
      const at = row - this.from;
      if (this.shown === null || at < this.shown || at >= this.shown + WINDOW) this.draw(at - WINDOW / 2);
    }
    draw(first) {
      const count = this.form.more.length;
      first = Math.max(0, Math.min(Math.floor(first), count - WINDOW));
      if (first === this.shown) return;
      const kept = document.activeElement && this.body.contains(document.activeElement) ? document.activeElement.id : null;
      this.shown = first;
      while (this.above.nextSibling !== this.below) this.above.nextSibling.remove();
      const last = Math.min(first + WINDOW, count), rows = document.createDocumentFragment();
      for (let i = first; i < last; i += 1) rows.append(this.row(i));
      this.below.before(rows);
      this.above.firstChild.style.height = `${first * HEIGHT}px`;
      this.below.firstChild.style.height = `${(count - last) * HEIGHT}px`;
      const cell = kept && document.getElementById(kept);
      if (cell) { cell.tabIndex = 0; cell.focus({ preventScroll: true }); }
    }
    row(i) {
      const { form, s } = this, base = form.first + (this.from + i) * form.w, line = make("tr", { class: "w" });
      form.more[i].forEach((one, c) => {
        if (one === null) return;
        const n = base + c, marks = data.sources[s].marks[n];
        if (one === 0) line.append(make("td", { class: "none" }));
        else if (Array.isArray(one)) {
          const name = one[1] !== "k" && one[0], cell = make(name ? "th" : "td", { class: marks ? `${one[1]} ${marks}` : one[1], scope: name ? "row" : undefined, title: one[0].length > 16 ? one[0] : undefined }, one[0]);
          if (one[2]) cell.colSpan = one[2];
          line.append(cell);
        } else {
          const cell = make("td", { id: prefix(s) + n, class: marks ? `n ${marks}` : "n" }, one);
          if (marks) (data.sources[s].told[n] || []).forEach((number) => {
            if (document.getElementById(`${prefix(s)}f${number}`)) cell.append(make("a", { class: "sign", href: `#${prefix(s)}f${number}` }, `⚑${number}`));
          });
          line.append(cell);
        }
      });
      if (current && current.s === s) { const cell = [...line.cells].find((one) => one.id === prefix(s) + current.n); if (cell) cell.classList.add("at"); }
      return line;
    }
    finder(rest) {
      const id = `find-${this.s}-${this.form.first}`;
      const field = make("input", { type: "search", id, size: "22" }), said = make("span", { role: "status" });
      let rows = [], at = -1, wanted = "";
      const search = () => {
        if (field.value.trim() !== wanted) {
          wanted = field.value.trim(); at = -1; rows = [];
          const matches = (texts) => wanted && texts.some((one) => one.startsWith(wanted) || (!/^[0-9]/.test(wanted) && one.includes(wanted)));
          const head = this.body.rows;
          for (let r = 0; r < this.from; r += 1) if (matches([...head[r].cells].filter((one) => !one.classList.contains("n")).map(ownText))) rows.push(r);
          this.form.more.forEach((row, i) => { if (matches(row.filter(Array.isArray).map((one) => one[0]))) rows.push(this.from + i); });
        }
        if (!rows.length) { said.replaceChildren(wanted ? word("nothing") : ""); return; }
        at = (at + 1) % rows.length;
        said.replaceChildren(word("found", { count: String(rows.length), number: String(at + 1) }));
        this.show(rows[at]);
        const line = rows[at] < this.from ? this.body.rows[rows[at]] : this.above.parentElement.rows[this.from + 1 + rows[at] - this.from - this.shown];
        line.scrollIntoView({ block: "center" });
        const cell = line.querySelector("td.n");
        this.body.querySelectorAll(".at").forEach((one) => one.classList.remove("at"));
        if (cell) cell.classList.add("at");
      };
      field.addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); search(); } });
      rest.before(make("p", { class: "find" }, make("label", { for: id }, word("find")), field, said));
      this.body.closest("section").insertBefore(rest.previousSibling, this.body.closest(".scroll"));
    }
  }

  // By mouse and by keyboard

  function numberOf(cell) {
    const match = cell && /^s(\d+)-(\d+)$/.exec(cell.id);
    return match ? [Number(match[1]) - 1, Number(match[2])] : null;
  }
  const roving = new Map();
  function focusCell(cell) {
    const grid = cell.closest("table"), before = roving.get(grid);
    if (before && before.isConnected) before.tabIndex = -1;
    cell.tabIndex = 0;
    roving.set(grid, cell);
    cell.focus();
  }
  const MOVES = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], Home: [0, -Infinity], End: [0, Infinity] };
  function move(cell, [down, across]) {
    const [s, n] = numberOf(cell), { form, row, column } = placeOf(s, n);
    if (Math.abs(across) === Infinity) {
      const cells = [...cell.parentElement.querySelectorAll("td.n")];
      return focusCell(across < 0 ? cells[0] : cells[cells.length - 1]);
    }
    for (let r = row + down, c = column + across; r >= 0 && r < form.rows && c >= 0 && c < form.w; r += down, c += across) {
      const next = shownCell(s, form.first + r * form.w + c);
      if (next && next.classList.contains("n")) return focusCell(next);
    }
    return undefined;
  }
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a,button");
    if (link && link.dataset.n) {
      const inside = link.closest("[data-s]");
      const s = link.dataset.s !== undefined ? Number(link.dataset.s) : inside && inside.tagName === "ARTICLE" ? Number(inside.dataset.s) - 1 : current ? current.s : 0;
      event.preventDefault();
      go(s, Number(link.dataset.n));
      return;
    }
    const signed = link && link.classList.contains("sign") && link.closest(".sheet td.n");
    if (signed) { event.preventDefault(); focusCell(signed); open(...numberOf(signed)); return; }
    if (link) return;
    const cell = event.target.closest(".sheet td.n"), at = numberOf(cell);
    if (at && !String(getSelection())) { focusCell(cell); open(...at); }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { close(); return; }
    const cell = event.target.closest && event.target.closest(".sheet td.n");
    if (!cell || event.target !== cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); open(...numberOf(cell)); }
    else if (MOVES[event.key]) { event.preventDefault(); move(cell, MOVES[event.key]); }
  });
  document.getElementById("close").addEventListener("click", close);
  document.getElementById("switch").addEventListener("click", () => {
    root.lang = language() === "zh" ? "en" : "zh-CN";
    document.title = data.titles[language()];
  });
  function revealed() {
    const name = decodeURIComponent(location.hash.slice(1)), cell = /^s(\d+)-(\d+)$/.exec(name);
    if (cell && data.sources[Number(cell[1]) - 1]) { go(Number(cell[1]) - 1, Number(cell[2])); return; }
    const target = name && document.getElementById(name);
    if (!target) return;
    for (let up = target; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
    const own = target.tagName === "ARTICLE" && target.querySelector("details");
    if (own) own.open = true;
    target.scrollIntoView();
  }
  addEventListener("hashchange", revealed);
  addEventListener("beforeprint", () => document.querySelectorAll(".kind details").forEach((one) => { one.open = true; }));

  data.sources.forEach((source, s) => {
    if (!source) return;
    source.forms.forEach((form) => { if (form.more) virtuals.set(form, new Virtual(s, form)); });
  });
  document.querySelectorAll(".sheet").forEach((grid) => {
    const first = grid.querySelector("td.n");
    if (first) { first.tabIndex = 0; roving.set(grid, first); }
  });
  root.classList.add("scripted");
  if (location.hash) revealed();
})();
