"use strict";
/* Own drawings: posts, ties and shares over time with the awards, who won when, and money. */
(() => {
  const { data, t, el, svg, byId } = GG;
  const day = (text) => Date.parse(text + "T00:00:00Z") / 864e5;
  const barColor = { office: "#c4510b", family: "#e09a00", personal: "#b98a2c", owns: "#8a4fbf", officer: "#3c78b4" };
  const cut = (text, n) => (text.length > n ? text.slice(0, n - 1) + "…" : text);
  const LEFT = 300, HIGH = 22, TOP = 24;

  function rowsOfTime() {
    const node = Object.fromEntries(data.nodes.map((n) => [n.id, n]));
    const order = ["office", "family", "personal", "officer", "owns"];
    const ties = data.edges.filter((e) => e.core && order.includes(e.kind) && (node[e.source].core && node[e.target].core));
    ties.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind) || Number(b.cited) - Number(a.cited) || GG.compare(a.from, b.from));
    const rows = ties.map((e) => {
      const a = node[e.source].name, b = node[e.target].name;
      return { id: e.id, kind: e.kind, label: e.kind === "owns" || e.kind === "officer" || e.kind === "office" ? `${a} · ${e.label}, ${b}` : `${a} – ${b} · ${e.label}`, from: e.from, to: e.to, says: e.says, span: e.span };
    });
    const by = new Map();
    for (const a of data.awards) {
      if (!a.on) continue;
      if (!by.has(a.company)) by.set(a.company, []);
      by.get(a.company).push(a);
    }
    return [rows, [...by].sort((x, y) => y[1].length - x[1].length || GG.compare(x[0], y[0]))];
  }

  function axis(pic, lo, hi, x, height) {
    const first = new Date(lo * 864e5).getUTCFullYear(), last = new Date(hi * 864e5).getUTCFullYear();
    const step = Math.max(1, Math.ceil((last - first) / 14));
    for (let y = first + 1; y <= last; y += step) {
      const at = x(day(`${y}-01-01`));
      pic.append(svg("line", { x1: at, x2: at, y1: TOP - 4, y2: height, stroke: "#d5dbe3" }));
      pic.append(svg("text", { x: at, y: 13, "text-anchor": "middle", class: "axis" }, String(y)));
    }
  }

  function line(pic, i, label, id, title, onpick, width) {
    const y = TOP + i * HIGH;
    const g = svg("g", { class: "row", "data-id": id, tabindex: "0", role: "button" });
    g.append(svg("title", {}, title), svg("rect", { class: "back", x: 0, y, width, height: HIGH - 1 }));
    g.append(svg("text", { x: 4, y: y + 15 }, cut(label, 44)));
    g.addEventListener("click", () => onpick(id));
    g.addEventListener("keydown", (e) => { if (e.key === "Enter" || e.key === " ") { e.preventDefault(); onpick(id); } });
    pic.append(g);
    return [g, y];
  }

  GG.timeline = (onpick) => {
    const [ties, awards] = rowsOfTime();
    const home = byId("timeline"), width = Math.max(620, home.clientWidth - 4);
    const days = data.awards.filter((a) => a.on).map((a) => day(a.on));
    for (const r of ties) for (const d of [r.from, r.to]) if (d) days.push(day(d));
    if (!days.length) { home.replaceChildren(el("p", { class: "muted" }, t("undated"))); return; }
    const won = data.awards.filter((a) => a.on).map((a) => day(a.on));
    let lo = Math.min(...days), hi = Math.max(...days);
    if (won.length) lo = Math.max(lo, Math.min(...won) - 365 * 6); /* an old post must not squeeze the awards */
    const pad = Math.max(30, (hi - lo) * 0.03);
    lo -= pad; hi += pad;
    const x = (d) => LEFT + ((Math.max(lo, Math.min(hi, d)) - lo) / (hi - lo)) * (width - LEFT - 14);
    const height = TOP + (ties.length + awards.length) * HIGH + 8;
    const pic = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "group" });
    const fade = svg("linearGradient", { id: "fade" });
    fade.append(svg("stop", { offset: "0.75", "stop-color": "#fff", "stop-opacity": 0 }), svg("stop", { offset: "1", "stop-color": "#fff", "stop-opacity": 0.85 }));
    const defs = svg("defs", {});
    defs.append(fade);
    pic.append(defs);
    axis(pic, lo, hi, x, height);
    ties.forEach((r, i) => {
      const [g, y] = line(pic, i, r.label, r.id, `${r.says}. ${r.span}`, onpick, width);
      const a = x(r.from ? day(r.from) : lo), b = x(r.to ? day(r.to) : hi), undated = !r.from && !r.to;
      g.append(svg("rect", { x: a, y: y + 4, width: Math.max(2, b - a), height: HIGH - 9, rx: 3, fill: barColor[r.kind], "fill-opacity": undated ? 0.25 : 0.85 }));
      if (!r.to && !undated) g.append(svg("rect", { x: a, y: y + 4, width: Math.max(2, b - a), height: HIGH - 9, fill: "url(#fade)" }));
    });
    const most = Math.max(1, ...data.awards.map((a) => a.amount));
    awards.forEach(([company, some], k) => {
      const [g, y] = line(pic, ties.length + k, `◆ ${company} (${some.length})`, "c:" + some[0].company_id, company, onpick, width);
      for (const a of some) {
        const r = 3.5 + 6 * Math.sqrt(a.amount / most), cx = x(day(a.on)), cy = y + HIGH / 2;
        const mark = svg("path", { d: `M${cx} ${cy - r}L${cx + r} ${cy}L${cx} ${cy + r}L${cx - r} ${cy}Z`, fill: "#0b5c94", "fill-opacity": 0.8,
          stroke: a.bidders === 1 ? "#b3261e" : "#ffffff", "stroke-width": a.bidders === 1 ? 2.2 : 0.7 });
        mark.append(svg("title", {}, `${a.on} · ${a.amount_word} · ${a.title || a.id}${a.bidders ? ` · ${t("col.bidders")}: ${a.bidders}` : ""}`));
        g.append(mark);
      }
    });
    home.replaceChildren(pic);
  };

  GG.lightTime = (ids) => {
    for (const g of document.querySelectorAll("svg .row")) g.classList.toggle("lit", ids.has(g.dataset.id));
  };

  GG.ring = () => {
    if (!data.ring.length) return;
    byId("ringpanel").hidden = false;
    const names = [...new Set(data.ring.flatMap((lot) => lot.bid))];
    const wins = (c) => data.ring.filter((lot) => lot.won.includes(c)).length;
    names.sort((a, b) => wins(b) - wins(a) || GG.compare(data.companies[a], data.companies[b]));
    const home = byId("ring"), left = 300;
    const step = Math.max(13, Math.min(30, (home.clientWidth - left - 20) / data.ring.length));
    const width = left + step * data.ring.length + 16, height = TOP + names.length * HIGH + 6;
    const pic = svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img" });
    let year = "", lastAt = -99;
    data.ring.forEach((lot, i) => {
      const cx = left + step * (i + 0.5), now = (lot.on || "").slice(0, 4);
      if (now !== year) {
        if (cx - lastAt > 34) { pic.append(svg("text", { x: cx, y: 13, class: "axis" }, now)); lastAt = cx; }
        if (year) pic.append(svg("line", { x1: cx - step / 2, x2: cx - step / 2, y1: TOP - 4, y2: height, stroke: "#d5dbe3" }));
        year = now;
      }
      names.forEach((c, k) => {
        if (!lot.bid.includes(c)) return;
        const cy = TOP + k * HIGH + HIGH / 2, win = lot.won.includes(c);
        const mark = svg("circle", { cx, cy, r: win ? 5.5 : 4, fill: win ? "#0b5c94" : "#fff", stroke: win ? "#0b5c94" : "#5d6b7a", "stroke-width": 1.5, opacity: lot.won.length ? 1 : 0.4 });
        mark.append(svg("title", {}, `${lot.on || ""} · ${lot.buyer} · ${lot.tender_id} ${lot.lot} · ${t("col.bidders")}: ${lot.competitors}`));
        pic.append(mark);
      });
    });
    names.forEach((c, k) => {
      const met = data.ring.filter((lot) => lot.bid.includes(c)).length;
      pic.append(svg("text", { x: 4, y: TOP + k * HIGH + 15 }, `${cut(data.companies[c] || c, 36)} (${wins(c)}/${met})`));
    });
    home.replaceChildren(pic);
  };

  GG.money = () => {
    const home = byId("money");
    home.replaceChildren(...data.money.map((part) => {
      const most = Math.max(1, ...part.rows.map((r) => r.amount + r.elsewhere));
      const bar = (amount, single, away, mine) => {
        const pic = svg("svg", { width: "100%", height: 16, viewBox: "0 0 1000 16", preserveAspectRatio: "none", "aria-hidden": "true" });
        const w = Math.min(1000, (amount / most) * 1000);
        pic.append(svg("rect", { x: 0, y: 1, width: Math.max(1, w), height: 13, fill: mine ? "#0b5c94" : "#a9b7c6" }));
        if (away) pic.append(svg("rect", { x: w + 1, y: 2, width: Math.max(1, (away / most) * 1000 - 2), height: 11, fill: "#fff", stroke: mine ? "#0b5c94" : "#a9b7c6", "stroke-width": 1.2 }));
        if (single) pic.append(svg("rect", { x: 0, y: 11, width: Math.max(2, (single / most) * 1000), height: 4, fill: "#d02a1f" }));
        return pic;
      };
      const rows = part.rows.map((r) => el("div", { class: "moneyrow" + (r.in_case ? " case" : "") },
        el("span", { class: "who", title: r.name }, r.name), bar(r.amount, r.single, r.elsewhere, r.in_case), el("span", {}, el("b", {}, r.amount_word), " · ", r.says)));
      if (part.rest.suppliers) rows.push(el("div", { class: "moneyrow" }, el("span", { class: "who" }, part.rest.name), bar(part.rest.amount, 0, 0, false), el("span", {}, el("b", {}, part.rest.amount_word))));
      return el("div", {}, el("h2", {}, `${part.title} · ${part.total}`), rows);
    }));
  };
})();
