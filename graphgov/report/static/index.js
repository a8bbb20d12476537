"use strict";
/* The queue: search, sort, filter; then what could not be computed. */
(() => {
  const { data, t, el, byId, fold, table } = GG;
  const list = byId("cases"), most = 60;
  const inputs = ["q", "sort", "kind", "body", "flag", "least", "withpage"].map(byId);
  const [q, sort, kind, body, flag, least, withpage] = inputs;

  function options(select, first, values) {
    const entries = first ? [["", first], ...values] : values;
    select.replaceChildren(...entries.map(([value, text]) => el("option", { value }, text)));
  }
  const distinct = (key) => [...new Set(data.cases.flatMap((c) => c[key]))].sort((a, b) => GG.compare(a, b));
  options(sort, "", ["rank", "amount", "newest", "flags", "title"].map((k) => [k, t("sort." + k)]));
  options(kind, t("all_kinds"), distinct("kind").map((k) => [k, t("kind." + k)]));
  options(body, t("all_bodies"), distinct("bodies").map((b) => [b, b]));
  options(flag, t("all_flags"), distinct("codes").map((c) => [c, `${c} ${data.titles[c] || ""}`]));
  for (const one of data.cases) one.hay = fold([one.title, one.summary, one.id, ...one.bodies, ...one.names].join(" \u0001 "));

  const orders = {
    rank: (a, b) => a.rank - b.rank,
    amount: (a, b) => b.most - a.most || a.rank - b.rank,
    newest: (a, b) => GG.compare(b.last, a.last) || a.rank - b.rank,
    flags: (a, b) => b.flags - a.flags || a.rank - b.rank,
    title: (a, b) => GG.compare(a.title, b.title) || a.rank - b.rank,
  };

  function chips(one) {
    const counts = new Map();
    for (const code of one.codes_all) counts.set(code, (counts.get(code) || 0) + 1);
    return [...counts].map(([code, n]) => el("span", { class: "chip", title: data.titles[code] || code },
      data.titles[code] || code, n > 1 ? ` ×${n}` : ""));
  }

  function card(one) {
    const title = one.page ? el("a", { href: one.page }, one.title) : el("span", {}, one.title);
    return el("li", { class: "card " + one.kind, "data-id": one.id },
      el("span", { class: "rank" }, one.rank),
      el("span", { class: "score", title: t("score.tip") }, one.score),
      el("div", { class: "body" },
        el("h2", {}, title),
        el("p", { class: "first" }, one.summary),
        el("p", { class: "chips" }, el("span", { class: "chip kind" }, t("kind." + one.kind)), chips(one)),
        el("p", { class: "meta" },
          el("span", {}, el("b", {}, one.amount)),
          el("span", {}, one.period),
          el("span", { title: t("certainty.tip") }, `${t("certainty")}: ${one.certainty}`),
          el("span", {}, one.bodies.slice(0, 3).join(", ") + (one.bodies.length > 3 ? ` (+${one.bodies.length - 3})` : "")),
          one.page ? null : el("span", { class: "muted" }, t("no_dossier", { top: data.top })))));
  }

  let limit = most;
  const more = el("button", { type: "button", class: "more", onclick: () => { limit = Infinity; draw(); } });
  list.after(more);

  function matching() {
    const words = fold(q.value).split(/\s+/).filter(Boolean), atLeast = parseFloat(least.value);
    return data.cases.filter((c) => words.every((w) => c.hay.includes(w))
      && (!kind.value || c.kind === kind.value) && (!body.value || c.bodies.includes(body.value))
      && (!flag.value || c.codes.includes(flag.value)) && (!(atLeast > 0) || c.most >= atLeast)
      && (!withpage.checked || c.page)).sort(orders[sort.value] || orders.rank);
  }

  function draw() {
    const found = matching(), shown = found.slice(0, limit);
    list.replaceChildren(...shown.map(card));
    if (!found.length) list.append(el("li", { class: "none" }, data.cases.length ? t("nothing") : t("no_cases")));
    byId("count").textContent = t("shown", { n: found.length, all: data.cases.length });
    more.hidden = shown.length === found.length;
    more.textContent = `+ ${found.length - shown.length}`;
  }

  for (const input of inputs) input.addEventListener("input", () => { limit = most; draw(); });
  byId("filters").addEventListener("submit", (e) => e.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(draw, 0));
  document.addEventListener("keydown", (e) => {
    const here = document.activeElement;
    if (e.key === "/" && !/INPUT|SELECT|TEXTAREA/.test(here.tagName)) { e.preventDefault(); q.focus(); return; }
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    if (/SELECT|TEXTAREA/.test(here.tagName) || here.type === "number") return;
    const links = [...list.querySelectorAll("h2 a")];
    if (here !== q && !links.includes(here)) return;
    const next = links[links.indexOf(here) + (e.key === "ArrowDown" ? 1 : -1)];
    if (next) { e.preventDefault(); next.focus(); }
  });
  addEventListener("beforeprint", () => { limit = Infinity; draw(); });

  const num = (key, title, tip) => ({ key, title, class: "num", tip });
  table(byId("coverage"), [
    { key: "title", title: t("cov.flag") }, { key: "kind", title: t("cov.subject") },
    num("subjects", t("cov.subjects")), num("computable", t("cov.computable")), num("not_computable", t("cov.not")),
    num("flagged", t("cov.flagged")), { key: "why", title: t("cov.why"), class: "says" },
  ], data.coverage);
  table(byId("rows"), [
    { key: "table", title: t("rows.table") }, num("in", t("rows.in")), num("kept", t("rows.kept")),
    num("rejected", t("rows.rejected")), num("repeated", t("rows.repeated")),
  ], data.rows);
  draw();
})();
