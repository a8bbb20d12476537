"""Names made comparable: width, case, accents, legal forms and word order taken out."""

import re
import unicodedata

_LEGAL_WORDS = (
    "ab ag as bv co company corp corporation cv doo eirl eood gmbh inc incorporated jsc kft kg "
    "limited limitada llc llp lp ltd ltda mbh nv oao ooo oy plc pllc pt pte pty pvt rl sa sab sac "
    "sarl sas sasu sl sp spa srl sro tov tbk ulc zao zrt"
)
_LEGAL = frozenset(_LEGAL_WORDS.split())
_CHINESE_LEGAL = re.compile(
    "(股份有限责任公司|有限责任公司|股份有限公司|集团有限公司|有限公司|股份公司|集团公司|公司|集团)$"
)
_NOT_WORD = re.compile(r"[^\w]+", re.UNICODE)
_DOTTED = re.compile(r"\b((?:\w\.){2,}\w?)")


def comparable(name: str, *, company: bool = False) -> str:
    """A name's words in a form that two spellings of it share.

    Args:
        name: As written.
        company: Leave out legal forms, unless nothing else is left.
    """
    text = name.casefold()
    if not name.isascii():
        text = unicodedata.normalize("NFKC", name).casefold()
        text = unicodedata.normalize("NFKD", text)
        text = "".join(c for c in text if not unicodedata.combining(c))
        text = unicodedata.normalize("NFKC", text)
    text = _DOTTED.sub(lambda m: m.group(1).replace(".", ""), text)
    words = _NOT_WORD.sub(" ", text).replace("_", " ").split()
    if company:
        words = [w for w in words if w not in _LEGAL] or words
        words = [_CHINESE_LEGAL.sub("", w) or w for w in words]
    return " ".join(sorted(words))
