"use strict";
/* What every page uses. Names are put on the page as text only, never as markup. */
const GG = (() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const ui = data.ui || {};
  const byId = (id) => document.getElementById(id);

  function t(key, facts) {
    const text = ui[key] === undefined ? key : ui[key];
    return facts ? text.replace(/\{(\w+)(?::\w+)?\}/g, (all, k) => (k in facts ? String(facts[k]) : all)) : text;
  }

  /* An element: properties by name, children as elements or text. */
  function el(tag, props, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(props || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "class") made.className = value;
      else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else made.setAttribute(name, value === true ? "" : String(value));
    }
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === "") continue;
      made.append(child instanceof Node ? child : String(child));
    }
    return made;
  }

  function svg(tag, props, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(props || {})) made.setAttribute(name, String(value));
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function fold(text) {
    return String(text).normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  }

  /* A cell that no spreadsheet takes for a formula. */
  function csvCell(value) {
    let text = value === null || value === undefined ? "" : String(value);
    if (/^[=+\-@\t\r]/.test(text) && Number.isNaN(Number(text))) text = "'" + text;
    return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function csv(columns, rows) {
    const lines = [columns.map((c) => csvCell(c.title)).join(",")];
    for (const row of rows) lines.push(columns.map((c) => csvCell(row[c.key])).join(","));
    return "\ufeff" + lines.join("\r\n") + "\r\n";
  }

  function download(name, content, type) {
    const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
    const link = el("a", { href: url, download: name });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(url), 10000);
  }

  function compare(a, b) {
    if (a === b) return 0;
    if (a === null || a === undefined || a === "") return 1;
    if (b === null || b === undefined || b === "") return -1;
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), data.lang || "en", { numeric: true });
  }

  /* A table that sorts by its heads and, with onpick, takes Enter and the arrows on its rows. */
  function table(into, columns, rows, options) {
    const set = Object.assign({ onpick: null, id: "id", most: 200 }, options);
    let order = null, up = true, filter = null, most = set.most;
    const head = el("tr"), body = el("tbody");
    const more = el("button", { type: "button", class: "more", onclick: () => { most = Infinity; draw(); } });
    const heads = columns.map((column) => {
      const button = el("button", { type: "button", onclick: () => { up = order === column ? !up : true; order = column; draw(); } }, column.title);
      const cell = el("th", { scope: "col", class: column.class, title: column.tip }, button);
      head.append(cell);
      return cell;
    });
    function pick(row) { if (set.onpick) set.onpick(row); }
    function keys(event, row) {
      const line = event.currentTarget;
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(row); }
      const next = event.key === "ArrowDown" ? line.nextElementSibling : event.key === "ArrowUp" ? line.previousElementSibling : null;
      if (next) { event.preventDefault(); next.focus(); }
    }
    function draw() {
      let shown = filter ? rows.filter(filter) : rows.slice();
      if (order) {
        const by = order.sort || order.key;
        shown = shown.map((r, i) => [r, i]).sort((a, b) => (up ? 1 : -1) * compare(a[0][by], b[0][by]) || a[1] - b[1]).map((p) => p[0]);
      }
      columns.forEach((c, i) => heads[i].setAttribute("aria-sort", c === order ? (up ? "ascending" : "descending") : "none"));
      const cut = shown.slice(0, most);
      body.replaceChildren(...cut.map((row) => el("tr", {
        class: row.cls, "data-id": row[set.id], tabindex: set.onpick ? "0" : null,
        onclick: set.onpick ? () => pick(row) : null, onkeydown: set.onpick ? (e) => keys(e, row) : null,
      }, columns.map((c) => el("td", { class: c.class }, typeof row[c.key] === "number" ? row[c.key].toLocaleString("en") : row[c.key])))));
      more.textContent = `+ ${shown.length - cut.length}`;
      more.hidden = shown.length === cut.length;
      return shown;
    }
    into.replaceChildren(el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), body)), more);
    draw();
    return {
      rows, draw, shown: () => (filter ? rows.filter(filter) : rows.slice()),
      filter: (test) => { filter = test; draw(); },
      mark: (test) => { for (const line of body.children) line.classList.toggle("lit", test(line.dataset.id)); },
      all: () => { most = Infinity; draw(); },
    };
  }

  return { data, ui, t, el, svg, byId, fold, csv, csvCell, download, compare, table };
})();
