"""The plain network page of a case: a pyvis network in a template of ours.

pyvis keeps the graph; its own template loads scripts from elsewhere, lets some tooltips run as
markup and lays the graph out by force for tens of seconds, so none of that is used.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from graphgov.report.page import page
from graphgov.report.strings import Words

Row = dict[str, Any]

_NODE = {
    "body": ("#22313f", "hexagon"),
    "official": ("#c4510b", "dot"),
    "person": ("#e09a00", "dot"),
    "holding": ("#7fb2d6", "square"),
    "company": ("#0b5c94", "square"),
}
_EDGE = {
    "award": "#14814f",
    "office": "#5d6b7a",
    "family": "#c4510b",
    "personal": "#7a4b00",
    "owns": "#8a4fbf",
    "officer": "#3c78b4",
    "met": "#6d4aa3",
}
_DASHES: dict[str, object] = {"documented": False, "declared": [9, 5], "inferred": [2, 4]}
_OPTIONS = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "interaction": {"hover": True, "keyboard": True, "navigationButtons": False},
    "nodes": {"font": {"size": 13, "strokeWidth": 4, "strokeColor": "#ffffff"}},
    "edges": {
        "smooth": False,
        "font": {"size": 11, "align": "middle", "background": "#ffffff", "strokeWidth": 0},
    },
}


def network_page(model: Row, words: Words, case_page: str) -> str:
    """The page, from the data island of the dossier.

    Args:
        model: As `graphgov.report.model.dossier_page` made it.
        words: Strings of the page's language.
        case_page: File name of the dossier, to go back to.
    """
    nodes, edges = graph(model)
    return page(
        "network.html",
        scripts=("vendor/vis-network.min.js", "static/plain.js"),
        styles=("static/base.css", "static/plain.css"),
        data={"nodes": nodes, "edges": edges, "options": _OPTIONS},
        frame={
            "lang": words.language,
            "title": words("network.title", id=model["case"]["id"]),
            "t": words,
            "case_page": case_page,
        },
    )


def graph(model: Row) -> tuple[list[Row], list[Row]]:
    """Nodes and edges as vis-network takes them, kept by pyvis on the way."""
    from pyvis.network import Network

    net = Network(directed=True, cdn_resources="in_line")
    for node in model["nodes"]:
        color, shape = _NODE[node["part"]]
        x, y = node["at_all"]
        net.add_node(
            node["id"],
            label=node["label"],
            title=f"{node['name']} ({node['part_word']})",
            x=x,
            y=y,
            physics=False,
            color=color,
            shape=shape,
            size=16 if node["core"] else 11,
        )
    at = {node["id"]: node["at_all"][0] for node in model["nodes"]}
    twins: Counter[tuple[str, str]] = Counter()
    for edge in model["edges"]:
        pair = (min(edge["source"], edge["target"]), max(edge["source"], edge["target"]))
        _draw(net, edge, twins[pair], at)
        twins[pair] += 1
    made: list[Row] = []
    for one in net.edges:
        arrows = one.pop("arrow_at")
        made.append({**one, "arrows": arrows})
    return list(net.nodes), made


def _draw(net: Any, edge: Row, twin: int, at: Mapping[str, float]) -> None:
    """One edge, in as many pieces as it has bends; the bends are points without a name."""
    color = _EDGE[edge["kind"]]
    stops = [edge["source"]]
    for i, (x, y) in enumerate(edge["bends"]):
        stop = f"{edge['id']}.{i}"
        net.add_node(
            stop,
            label=" ",
            x=x,
            y=y + 9 * twin,
            physics=False,
            color=color,
            shape="dot",
            size=0.5,
        )
        stops.append(stop)
    stops.append(edge["target"])
    last = len(stops) - 2
    bow = {"enabled": True, "type": "curvedCW", "roundness": 0.15 + 0.12 * twin}
    straight = len(stops) > 2 or (twin == 0 and abs(at[stops[0]] - at[stops[-1]]) > 1)
    for i in range(last + 1):
        net.add_edge(
            stops[i],
            stops[i + 1],
            id=edge["id"] if i == last else f"{edge['id']}>{i}",
            title=f"{edge['says']}. {edge['span']} {edge['certainty_word']}",
            label=edge["label"] if i == last // 2 and edge["core"] else "",
            color=color,
            width=2.5 if edge["cited"] else 1,
            dashes=_DASHES.get(edge["certainty"], [2, 4]),
            smooth=False if straight else bow,
            arrow_at="to" if i == last and edge["directed"] else "",
        )
