"use strict";
/* The network pane: cytoscape draws, positions come with the data. */
GG.network = (() => {
  const { data, t, el, svg, byId } = GG;
  const ink = { body: "#22313f", official: "#c4510b", person: "#e09a00", holding: "#7fb2d6", company: "#0b5c94" };
  const shape = { body: "hexagon", official: "ellipse", person: "ellipse", holding: "round-rectangle", company: "round-rectangle" };
  const color = { award: "#14814f", office: "#5d6b7a", family: "#c4510b", personal: "#7a4b00", owns: "#8a4fbf", officer: "#3c78b4", met: "#6d4aa3" };
  const few = data.nodes.length > 0 && data.nodes[0].few;
  let cy = null, all = few, picked = () => {};

  function offset(a, b, p) {
    const dx = b[0] - a[0], dy = b[1] - a[1], l = Math.hypot(dx, dy) || 1;
    return { w: ((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / (l * l), d: (-(p[0] - a[0]) * dy + (p[1] - a[1]) * dx) / l };
  }

  /* How an edge runs: through its bends, round its column, or straight. */
  function curve(edge, at, twin) {
    const a = at[edge.source], b = at[edge.target];
    const bends = (all ? edge.bends : edge.bends_core) || [];
    if (bends.length) {
      const spots = bends.map((p) => offset(a, b, [p[0], p[1] + twin * 9]));
      return { run: "bent", ws: spots.map((s) => s.w.toFixed(4)).join(" "), ds: spots.map((s) => s.d.toFixed(1)).join(" ") };
    }
    if (!data.case.ring && Math.abs(a[0] - b[0]) < 1) {
      const side = a[1] < b[1] ? -1 : 1;
      return { run: "bow", ds: String(side * (110 + 26 * twin)) };
    }
    return { run: "straight" };
  }

  function elements() {
    const nodes = data.nodes.filter((n) => all || n.core);
    const at = Object.fromEntries(nodes.map((n) => [n.id, all ? n.at_all : n.at]));
    const edges = data.edges.filter((e) => at[e.source] && at[e.target]);
    const heavy = Math.max(1, ...edges.filter((e) => e.kind === "award").map((e) => e.weight));
    const busy = Math.max(1, ...edges.filter((e) => e.kind === "met").map((e) => e.weight));
    const twins = new Map(), crowd = edges.filter((e) => e.kind === "met").length > 6;
    const made = nodes.map((n) => ({
      group: "nodes", data: { id: n.id, label: n.label, color: ink[n.part], shape: shape[n.part], size: n.part === "body" ? 38 : n.core ? 34 : 24 },
      position: { x: at[n.id][0], y: at[n.id][1] }, classes: n.core ? "core" : "around",
    }));
    for (const e of edges) {
      const pair = [e.source, e.target].sort().join(" ");
      const twin = twins.get(pair) || 0;
      twins.set(pair, twin + 1);
      const run = curve(e, at, twin);
      const width = e.kind === "award" ? 1.5 + 5.5 * Math.sqrt(e.weight / heavy) : e.kind === "met" ? 1 + 4 * (e.weight / busy) : e.cited ? 2.6 : 1.6;
      made.push({
        group: "edges", data: { id: e.id, source: e.source, target: e.target, label: e.label, color: color[e.kind], 
          width, arrow: e.directed ? "triangle" : "none", ws: run.ws, ds: run.ds },
        classes: [run.run, e.certainty, crowd && e.kind === "met" ? "crowd" : "", e.core ? "core" : "around", e.kind].join(" "),
      });
    }
    return made;
  }

  const font = 'system-ui, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif';
  const style = [
    { selector: "node", style: { shape: "data(shape)", width: "data(size)", height: "data(size)", "background-color": "data(color)", "border-width": 1.5, "border-color": "#ffffff",
      label: "data(label)", "font-family": font, "font-size": 12, color: "#16202c", "text-valign": "bottom", "text-halign": "center", "text-margin-y": 4, "text-wrap": "wrap",
      "text-max-width": 400, "text-background-color": "#ffffff", "text-background-opacity": 0.86, "text-background-padding": 1.5, "z-index": 10 } },
    { selector: "node.core", style: { "border-color": "#16202c", "font-weight": 600 } },
    { selector: "node.around", style: { opacity: 0.75 } },
    { selector: "edge", style: { width: "data(width)", "line-color": "data(color)", "curve-style": "bezier", "control-point-step-size": 46, "target-arrow-color": "data(color)",
      "target-arrow-shape": "data(arrow)", "arrow-scale": 0.9, "font-family": font, "font-size": 11, color: "#16202c", "text-rotation": "autorotate", "text-background-color": "#ffffff",
      "text-background-opacity": 1, "text-background-padding": 2, "text-wrap": "ellipsis", "text-max-width": 210, "line-cap": "butt" } },
    { selector: "edge.core", style: { label: "data(label)" } },
    { selector: "edge.bent", style: { "curve-style": "round-segments", "segment-weights": "data(ws)", "segment-distances": "data(ds)", "segment-radii": 40, "edge-distances": "node-position" } },
    { selector: "edge.bow", style: { "curve-style": "unbundled-bezier", "control-point-distances": "data(ds)", "control-point-weights": 0.5, "text-rotation": "none" } },
    { selector: "edge.declared", style: { "line-style": "dashed", "line-dash-pattern": [9, 5] } },
    { selector: "edge.inferred", style: { "line-style": "dashed", "line-dash-pattern": [2, 4] } },
    { selector: "edge.around", style: { opacity: 0.45 } },
    { selector: "edge.met", style: { "text-rotation": "none", "font-size": 10 } },
    { selector: ".dim", style: { opacity: 0.24, "text-opacity": 0.75 } },
    { selector: "edge.dim", style: { opacity: 0.16, "text-opacity": 0, "text-background-opacity": 0 } },
    { selector: ".lit", style: { opacity: 1, "underlay-color": "#ffe48a", "underlay-opacity": 0.9, "underlay-padding": 6, "z-index": 20 } },
    { selector: "edge.lit", style: { label: "data(label)", "underlay-padding": 3.5, "z-index": 15 } },
    { selector: "edge.crowd", style: { label: "" } },
    { selector: "edge.crowd.chosen", style: { label: "data(label)" } },
  ];

  /* The pane is as high as its picture needs, and labels stay legible when it shrinks. */
  function size() {
    const box = cy.elements().boundingBox(), home = byId("network");
    const zoom = Math.min(1.35, (home.clientWidth - 70) / Math.max(1, box.w));
    home.style.height = Math.max(260, Math.min(data.case.ring ? 420 : 640, box.h * zoom + 70)) + "px";
    cy.resize();
  }

  function fit(some) {
    cy.resize();
    cy.fit(some && some.length ? some : cy.elements(), 34);
    if (cy.zoom() > 1.35) { cy.zoom(1.35); cy.center(some && some.length ? some : cy.elements()); }
  }

  function draw() {
    cy.elements().remove();
    cy.add(elements());
    size();
    fit();
    const font = Math.max(12, Math.min(15, 11 / cy.zoom()));
    cy.nodes().style("font-size", font);
    cy.edges().style("font-size", Math.min(16, font - 1));
  }

  function light(nodes, edges, keep) {
    if (!cy) return;
    cy.elements().removeClass("lit dim chosen");
    const some = cy.collection();
    for (const id of [...nodes, ...edges]) some.merge(cy.getElementById(id));
    if (some.length) {
      cy.elements().difference(some).addClass("dim");
      some.addClass("lit");
      if (edges.length <= 8) some.addClass("chosen");
    }
    if (!keep) fit(some.length > 2 ? some : null);
  }

  function tips() {
    const tip = byId("tip"), home = tip.parentElement;
    const say = { node: (id) => { const n = data.nodes.find((m) => m.id === id); return `${n.name} (${n.part_word})`; },
      edge: (id) => { const e = data.edges.find((m) => m.id === id); return `${e.says}. ${e.span} · ${e.certainty_word}`; } };
    cy.on("mouseover", "node, edge", (event) => {
      tip.textContent = say[event.target.isNode() ? "node" : "edge"](event.target.id());
      tip.hidden = false;
    });
    cy.on("mousemove", (event) => {
      const box = home.getBoundingClientRect(), e = event.originalEvent;
      tip.style.left = Math.min(e.clientX - box.left + 14, box.width - tip.offsetWidth - 6) + "px";
      tip.style.top = e.clientY - box.top + 16 + "px";
    });
    cy.on("mouseout", () => { tip.hidden = true; });
  }

  function legend() {
    const parts = [...new Set(data.nodes.map((n) => n.part))];
    const dot = (part) => {
      const s = svg("svg", { width: 14, height: 14, "aria-hidden": "true" });
      s.append(shape[part] === "ellipse" ? svg("circle", { cx: 7, cy: 7, r: 6, fill: ink[part] })
        : shape[part] === "hexagon" ? svg("polygon", { points: "3,1 11,1 14,7 11,13 3,13 0,7", fill: ink[part] })
          : svg("rect", { x: 1, y: 1, width: 12, height: 12, rx: 3, fill: ink[part] }));
      return el("span", {}, s, t("part." + part));
    };
    const line = (stroke, dashes, word) => {
      const s = svg("svg", { width: 26, height: 10, "aria-hidden": "true" });
      s.append(svg("line", { x1: 0, x2: 26, y1: 5, y2: 5, stroke, "stroke-width": 3, "stroke-dasharray": dashes }));
      return el("span", {}, s, word);
    };
    const kinds = [...new Set(data.edges.map((e) => e.kind))].sort();
    byId("legend").replaceChildren(...Object.keys(ink).filter((p) => parts.includes(p)).map(dot),
      ...kinds.map((k) => line(color[k], "", t("edge." + k))),
      line("#333", "7 4", t("legend.dashed")), line("#333", "2 3", t("legend.dotted")));
  }

  function png() { return cy.png({ full: true, scale: 2, bg: "#ffffff", maxWidth: 6000, output: "blob" }); }

  function start(onpick) {
    picked = onpick;
    cy = cytoscape({ container: byId("network"), elements: [], style, layout: { name: "preset" }, minZoom: 0.1, maxZoom: 3, boxSelectionEnabled: false });
    cy.on("tap", "node", (e) => picked("node", e.target.id()));
    cy.on("tap", "edge", (e) => picked("edge", e.target.id()));
    cy.on("tap", (e) => { if (e.target === cy) picked("", ""); });
    tips();
    legend();
    const box = byId("context");
    box.checked = all;
    box.disabled = !data.nodes.some((n) => !n.core);
    box.addEventListener("change", () => { all = box.checked; draw(); picked("again", ""); });
    byId("fit").addEventListener("click", () => fit());
    draw();
    /* A canvas prints at its own width; a picture of it prints at the paper's. */
    setTimeout(() => { byId("netprint").src = cy.png({ full: true, scale: 1.6, bg: "#ffffff", maxWidth: 2600 }); }, 0);
    addEventListener("resize", () => { size(); fit(); });
  }

  return { start, light, png, color, ink, showAll: () => all, get cy() { return cy; } };
})();
