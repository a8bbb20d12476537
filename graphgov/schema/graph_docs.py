"""The generated part of the page on the graph."""

from graphgov.schema.ddl import MONEY_TEXT, properties
from graphgov.schema.graph import NODES, RELATIONS, RESULT_KEY, RESULT_NODES, RESULT_RELATIONS


def reference() -> str:
    """Labels, relationship types and what a run writes, as Markdown tables."""
    parts = ["### Labels", "", "| label | table | unique | properties |", "|---|---|---|---|"]
    for node in NODES.values():
        names = [n for n, _ in properties(node.columns) if not n.endswith(MONEY_TEXT)]
        shown = ", ".join(f"`{n}`" for n in names if n != node.key)
        parts.append(f"| `{node.label}` | `{node.table}` | `{node.key}` | {shown} |")
    parts += [
        "",
        "### Relationships",
        "",
        "| relationship | made from | properties |",
        "|---|---|---|",
    ]
    for relation in RELATIONS:
        columns = f"`{relation.start_column}`, `{relation.end_column}`"
        if relation.when:
            columns += f" where `{relation.when[0]}` is {relation.when[1]}"
        if relation.via:
            columns += f", through `{relation.via}`"
        source = f"row of `{relation.table}`" if relation.is_row else f"`{relation.table}`"
        held = [*relation.names, *(["role"] if relation.role else [])]
        parts.append(
            f"| `({relation.start})-[:{relation.type}]->({relation.end})` "
            f"| {source}: {columns} | {', '.join(f'`{n}`' for n in held)} |"
        )
    parts += ["", "### Results", "", "| label | properties |", "|---|---|"]
    for result in RESULT_NODES:
        names = [RESULT_KEY, "run_id", *(n for n, _ in result.properties)]
        parts.append(f"| `{result.label}` | {', '.join(f'`{n}`' for n in names)} |")
    parts += ["", "| relationship | properties |", "|---|---|"]
    ends: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for type_, start, end, own in RESULT_RELATIONS:
        ends.setdefault((type_, start, ("run_id", *(n for n, _ in own))), []).append(end)
    for (type_, start, own_names), targets in ends.items():
        shown = ", ".join(f"`{n}`" for n in own_names)
        parts.append(f"| `({start})-[:{type_}]->({' or '.join(targets)})` | {shown} |")
    return "\n".join(parts)
