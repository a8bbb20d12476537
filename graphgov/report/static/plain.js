"use strict";
/* The plain network page: vis-network, fixed places, no physics, tooltips as text. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const home = document.getElementById("mynetwork"), tip = document.getElementById("tip");
  const words = new Map([...data.nodes, ...data.edges].map((x) => [x.id, x.title || ""]));
  const strip = (list) => list.map((x) => { const y = Object.assign({}, x); delete y.title; return y; });
  const network = new vis.Network(home, { nodes: strip(data.nodes), edges: strip(data.edges) }, data.options);
  const show = (event, id) => {
    const text = words.get(id);
    if (!text) return;
    tip.textContent = text;
    tip.hidden = false;
    tip.style.left = Math.min(event.pointer.DOM.x + 16, home.clientWidth - 260) + "px";
    tip.style.top = home.offsetTop + event.pointer.DOM.y + 16 + "px";
  };
  const pointed = (p) => {
    const e = p.event;
    const box = home.getBoundingClientRect();
    return { pointer: { DOM: p.pointer ? p.pointer.DOM : { x: e.clientX - box.left, y: e.clientY - box.top } } };
  };
  network.on("hoverNode", (p) => show(pointed(p), p.node));
  network.on("hoverEdge", (p) => show(pointed(p), p.edge));
  for (const gone of ["blurNode", "blurEdge", "dragStart", "zoom"]) network.on(gone, () => { tip.hidden = true; });
  network.once("afterDrawing", () => { network.fit({ animation: false }); document.body.dataset.ready = "yes"; });
})();
