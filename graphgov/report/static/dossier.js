"use strict";
/* The dossier: one selection (a flag, a thing or a tie) that every pane follows. */
(() => {
  const { data, t, el, byId, fold, table } = GG;
  const node = Object.fromEntries(data.nodes.map((n) => [n.id, n]));
  const edge = Object.fromEntries(data.edges.map((e) => [e.id, e]));
  const flag = Object.fromEntries(data.flags.map((f) => [f.id, f]));
  const none = { kind: "", id: "", nodes: [], edges: [], records: [] };
  let selected = none, evidence = null, ties = null, people = null, awards = null;

  /* Notes and status: in this browser, and in a saved copy. */
  const store = "graphgov:" + data.case.id;
  let notes = JSON.parse(byId("saved").textContent);
  try {
    const kept = JSON.parse(localStorage.getItem(store) || "null");
    if (kept && typeof kept === "object") notes = Object.assign({}, notes, kept);
  } catch (error) { /* no storage here: notes live until the page closes */ }
  function keep(key, text) {
    if (text) notes[key] = text; else delete notes[key];
    try { localStorage.setItem(store, JSON.stringify(notes)); } catch (error) { /* as above */ }
    listNotes();
  }
  const about = (key) => {
    const [kind, id] = [key.slice(0, key.indexOf(":")), key.slice(key.indexOf(":") + 1)];
    return kind === "flag" && flag[id] ? flag[id].title : kind === "node" && node[id] ? node[id].name : kind === "edge" && edge[id] ? edge[id].says : t("case");
  };
  function listNotes() {
    const keys = Object.keys(notes).filter((k) => k !== "status").sort();
    byId("allnotes").hidden = !keys.length;
    byId("notelist").replaceChildren(...keys.map((k) => el("p", {}, el("b", {}, about(k) + ": "), notes[k])));
  }

  function header() {
    byId("score").textContent = data.case.score;
    byId("rankline").textContent = data.case.rank_line;
    byId("summary").replaceChildren(el("b", {}, data.case.lead), " ", data.case.rest);
    const fact = (name, value, tip) => [el("dt", { title: tip }, name), el("dd", { title: tip }, value)];
    byId("facts").replaceChildren(...fact(t("score"), `${data.case.score} / 100`, t("score.tip")), ...fact(t("amount"), data.case.amount), ...fact(t("period"), data.case.period),
      ...fact(t("certainty"), data.case.certainty_word, t("certainty.tip")), ...fact(t("col.kind"), data.case.kind));
    const states = ["open", "progress", "confirmed", "dismissed"];
    byId("status").replaceChildren(...states.map((s) => el("option", { value: s }, t("status." + s))));
    byId("status").value = states.includes(notes.status) ? notes.status : "open";
    byId("status").addEventListener("change", (e) => keep("status", e.target.value));
    byId("omitted").replaceChildren(...data.omitted.map((text) => el("p", {}, text)));
  }

  function flags() {
    const most = Math.max(1, ...data.flags.map((f) => f.points));
    byId("flags").replaceChildren(...data.flags.map((f) => {
      const fill = el("i");
      fill.style.width = (100 * f.points) / most + "%";
      return el("button", { type: "button", class: "flag" + (f.points < most / 3 ? " weak" : ""), "aria-pressed": "false", "data-id": f.id, onclick: () => pick("flag", selected.id === f.id ? "" : f.id), onkeydown: arrows },
        el("span", { class: "head" }, el("span", {}, f.title), el("span", { class: "points", title: t("points.tip") }, `+${f.points}`)),
        el("span", { class: "bar2" }, fill),
        el("span", { class: "said" }, f.reason),
        el("span", { class: "small" }, el("span", { title: t("class.tip") }, f.class_word), " · ", f.records_word, " · ", el("span", { title: t("certainty.tip") }, f.certainty_word),
          f.chance ? " · " : "", f.chance ? el("span", { title: t("chance.tip") }, f.chance) : ""),
        el("span", { class: "first" }, el("b", {}, t("check_first") + ": "), f.innocent));
    }));
  }
  function arrows(event) {
    const here = event.currentTarget;
    const next = event.key === "ArrowDown" ? here.nextElementSibling : event.key === "ArrowUp" ? here.previousElementSibling : null;
    if (next) { event.preventDefault(); next.focus(); }
  }

  function choice(kind, id) {
    if (kind === "flag" && flag[id]) return { kind, id, ...flag[id] };
    if (kind === "node" && node[id]) {
      const mine = data.edges.filter((e) => e.source === id || e.target === id);
      const shown = mine.filter((e) => GG.network.showAll() || e.core);
      return { kind, id, nodes: [id, ...shown.flatMap((e) => [e.source, e.target])], edges: shown.map((e) => e.id), records: mine.flatMap((e) => e.records) };
    }
    if (kind === "edge" && edge[id]) return { kind, id, nodes: [edge[id].source, edge[id].target], edges: [id], records: edge[id].records };
    return none;
  }

  function pick(kind, id, quiet) {
    if (kind === "again") { ({ kind, id } = selected); quiet = true; }
    selected = choice(kind, id);
    for (const b of byId("flags").children) b.setAttribute("aria-pressed", String(selected.kind === "flag" && b.dataset.id === selected.id));
    GG.network.light(selected.nodes, selected.edges, quiet || selected.kind !== "flag");
    const companies = selected.nodes.filter((n) => node[n] && node[n].kind === "company" && selected.edges.some((e) => edge[e].kind === "award" && edge[e].target === n)).map((n) => "c:" + node[n].key);
    GG.lightTime(new Set([...selected.edges, ...companies]));
    const records = new Set(selected.records), edges = new Set(selected.edges), nodes = new Set(selected.nodes);
    evidence.mark((ref) => records.has(ref));
    awards.mark((ref) => records.has(ref));
    ties.mark((ref) => edges.has(ref));
    people.mark((ref) => nodes.has(ref));
    filterEvidence();
    inspect();
  }

  function tieLine(e) {
    return el("li", {}, el("button", { type: "button", onclick: () => pick("edge", e.id) }, e.says), el("div", { class: "muted" }, [e.span, e.certainty_word, e.records_word].filter(Boolean).join(" · ")));
  }
  function inspect() {
    const home = byId("inspector"), part = [];
    if (selected.kind === "flag") {
      const f = flag[selected.id];
      part.push(el("h3", {}, f.title), el("p", {}, f.reason), el("p", { class: "first" }, el("b", {}, t("innocent") + ": "), f.innocent));
      const facts = [[t("amount"), f.amount], [t("period"), f.span], [t("certainty"), f.certainty_word], ["", f.chance], ["", f.left_out]].filter((p) => p[1]);
      part.push(el("dl", {}, facts.map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])));
    } else if (selected.kind === "node") {
      const n = node[selected.id];
      part.push(el("h3", {}, n.name), el("p", { class: "muted" }, [n.part_word, n.role, n.key].filter(Boolean).join(" · ")), el("dl", {}, n.card.map(([k, v]) => [el("dt", {}, k), el("dd", {}, v)])));
    } else if (selected.kind === "edge") {
      part.push(el("h3", {}, edge[selected.id].kind_word));
    } else part.push(el("p", { class: "muted" }, t("inspector.empty")));
    if (selected.edges.length) {
      const order = { office: 0, family: 1, personal: 1, officer: 2, owns: 2, met: 3, award: 4 };
      const chain = selected.edges.map((id) => edge[id]).sort((a, b) => order[a.kind] - order[b.kind] || GG.compare(a.says, b.says));
      part.push(el("b", {}, t("chain")), el("ol", {}, chain.slice(0, 25).map(tieLine)), chain.length > 25 ? el("p", { class: "muted" }, `+ ${chain.length - 25}`) : "");
    }
    home.replaceChildren(...part.filter(Boolean));
    const key = selected.kind ? `${selected.kind}:${selected.id}` : "case:";
    byId("notefor").textContent = about(key).slice(0, 60);
    byId("note").value = notes[key] || "";
    byId("note").oninput = (e) => keep(key, e.target.value);
  }

  function filterEvidence() {
    const words = fold(byId("evq").value).split(/\s+/).filter(Boolean), only = byId("evsel").checked && selected.kind;
    const records = new Set(selected.records);
    evidence.filter((r) => words.every((w) => r.hay.includes(w)) && (!only || records.has(r.ref)));
    evidence.mark((ref) => records.has(ref));
  }

  const recordColumns = () => [
    { key: "table", title: t("col.kind") }, { key: "on", title: t("col.from"), class: "nowrap" }, { key: "to", title: t("col.to"), class: "nowrap" },
    { key: "who", title: t("col.subject") }, { key: "says", title: t("col.says"), class: "says" }, { key: "certainty", title: t("certainty"), tip: t("certainty.tip") },
    { key: "where", title: t("col.where") }, { key: "key", title: t("col.key"), class: "key" },
  ];
  function tables() {
    const holder = (ref) => { const e = data.edges.find((x) => x.records.includes(ref)); return e ? e.id : ""; };
    awards = table(byId("awards"), [
      { key: "on", title: t("col.on"), class: "nowrap" }, { key: "title", title: t("col.title") }, { key: "body", title: t("col.body") }, { key: "company_word", title: t("col.company") },
      { key: "amount_word", sort: "amount", title: t("col.amount"), class: "num" }, { key: "bidders", title: t("col.bidders"), class: "num" }, { key: "method", title: t("col.method") },
      { key: "signers", title: t("col.signers") }, { key: "tender", title: t("col.tender"), class: "key" }, { key: "id", title: t("col.award"), class: "key" },
    ], data.awards, { id: "record", onpick: (a) => pick("edge", holder(a.record)) });
    ties = table(byId("ties"), [
      { key: "kind_word", title: t("col.kind") }, { key: "says", title: t("col.says"), class: "says" }, { key: "span", title: t("col.span") },
      { key: "certainty_word", title: t("certainty"), tip: t("certainty.tip") }, { key: "mark", title: t("in_case") },
    ], data.edges.map((e) => Object.assign({ mark: e.cited ? "●" : "" }, e)).sort((a, b) => Number(b.cited) - Number(a.cited) || Number(b.core) - Number(a.core)), { onpick: (e) => pick("edge", e.id) });
    for (const r of data.records) r.hay = fold([r.table, r.on, r.who, r.says, r.where, r.key].join(" "));
    evidence = table(byId("evidence"), recordColumns(), data.records, { id: "ref", onpick: (r) => pick("edge", holder(r.ref)) });
    people = table(byId("people"), [
      { key: "name", title: t("col.name") }, { key: "part", title: t("col.kind") }, { key: "role", title: t("col.role") }, { key: "known", title: t("col.known"), class: "says" }, { key: "key", title: "id", class: "key" },
    ], data.people, { id: "node", onpick: (p) => pick("node", p.node) });
  }

  function copy() {
    const twin = document.documentElement.cloneNode(true);
    const put = notes, text = JSON.stringify(put).replace(/[<>&\u2028\u2029]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
    twin.querySelector("#saved").textContent = text;
    for (const id of ["score", "rankline", "summary", "facts", "flags", "network", "legend", "inspector", "timeline", "ring", "money", "awards", "ties", "evidence", "people", "omitted", "notelist", "status"]) twin.querySelector("#" + id).replaceChildren();
    twin.querySelector("#netprint").removeAttribute("src");
    twin.querySelector("#network").removeAttribute("class");
    for (const live of twin.querySelectorAll("[style]")) live.removeAttribute("style");
    return "<!doctype html>\n" + twin.outerHTML;
  }

  function buttons() {
    const name = (end) => `case-${data.case.id}${end}`;
    byId("csv").addEventListener("click", () => GG.download(name("-evidence.csv"), GG.csv(recordColumns(), evidence.shown()), "text/csv;charset=utf-8"));
    byId("png").addEventListener("click", () => GG.download(name("-network.png"), GG.network.png()));
    byId("print").addEventListener("click", () => print());
    byId("save").addEventListener("click", () => GG.download(name("-notes.html"), copy(), "text/html;charset=utf-8"));
    byId("evq").addEventListener("input", filterEvidence);
    byId("evsel").addEventListener("change", filterEvidence);
    document.addEventListener("keydown", (e) => { if (e.key === "Escape" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName)) pick("", ""); });
    addEventListener("beforeprint", () => [awards, ties, evidence, people].forEach((one) => one.all()));
  }

  GG.copy = copy;
  document.body.classList.toggle("ringcase", data.case.ring);
  header();
  flags();
  tables();
  GG.timeline((id) => (id.startsWith("c:") ? pick("node", (data.nodes.find((n) => n.kind === "company" && n.key === id.slice(2)) || {}).id) : pick("edge", id)));
  GG.ring();
  GG.money();
  GG.network.start(pick);
  buttons();
  listNotes();
  /* Begin with the flag that the summary begins with, so that the picture tells the same story. */
  const told = data.flags.find((f) => f.reason === data.case.lead) || data.flags[0];
  pick("flag", told ? told.id : "", true);
  document.body.dataset.ready = "yes";
})();
