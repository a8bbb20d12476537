"""The one writer of HTML: a frame, a data island, scripts that the page may run and no others.

Names come from strangers. The frame escapes them (jinja2), the island cannot leave its script
element, scripts put them on the page as text only, and the policy in the head lets nothing run
or load whose hash is not in it.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

_HERE = files("graphgov.report")
_MAP_COMMENT = re.compile(r"^//[#@] sourceMappingURL=.*$", re.MULTILINE)
_CLOSING = re.compile(r"</(script|style)", re.IGNORECASE)


@cache
def asset(name: str) -> str:
    """A text file of the package, such as `static/dossier.js`, fit to be inlined."""
    text = _HERE.joinpath(name).read_text(encoding="utf-8")
    if name.endswith(".js"):
        text = _MAP_COMMENT.sub("", text)
    return _CLOSING.sub(r"<\\/\1", text) if name.endswith(".js") else text


def island(value: object) -> Markup:
    """JSON that cannot end its script element, nor a line of an old script engine."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for char in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(char, f"\\u{ord(char):04x}")
    return Markup(re.sub("[\ud800-\udfff]", "\ufffd", text))


@cache
def hash_of(text: str) -> str:
    """The CSP source of an inline script or style."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


@cache
def environment() -> Environment:
    """Templates of the package, everything in them escaped."""
    return Environment(
        loader=FunctionLoader(lambda name: asset(f"templates/{name}")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """What the page may do: run and wear what is in it, show pictures it made, nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {' '.join(map(hash_of, scripts))}",
            f"style-src {' '.join(map(hash_of, styles))}",
            "img-src data: blob:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def page(
    template: str,
    *,
    scripts: Sequence[str],
    styles: Sequence[str],
    data: object,
    frame: Mapping[str, object],
) -> str:
    """One self-contained page.

    Args:
        template: File in `templates/`.
        scripts: Files of the package, run in this order.
        styles: Files of the package.
        data: What the scripts draw; JSON-clean.
        frame: What the template itself says.
    """
    code = [asset(name) for name in scripts]
    looks = [asset(name) for name in styles]
    return (
        environment()
        .get_template(template)
        .render(
            policy=policy(code, looks),
            scripts=[Markup(s) for s in code],
            styles=[Markup(s) for s in looks],
            island=island(data),
            **frame,
        )
    )
