"""How schemes and honest suppliers go about it, and other ways in which they might.

What detects schemes in provinces that are all made in one way may only have learnt that way. So
the habits that detection leans on most can be exchanged, one at a time or together.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graphgov.synth.world import MAX_TRADES


@dataclass(frozen=True)
class Habits:
    """Where provinces may differ.

    Args:
        large: Whether large purchases are steered sooner.
        narrow: Whether a favoured firm that would have lost underbids by a hair.
        lines: Lines of business up to which a favoured firm's own are widened to what it is to
            be handed.
        known: Share of the body's purchases in its lines on which a favoured firm bids honestly,
            at any time.
        broad: Whether honest suppliers of one body sell all it buys, as far as a firm can.
        passing: Whether honest suppliers come and go within some years.
        above: Whether honest bids may lie above the estimate.
    """

    large: bool = True
    narrow: bool = True
    lines: int = MAX_TRADES
    known: float = 0.0
    broad: bool = False
    passing: bool = False
    above: bool = False


USUAL = Habits()
OTHERS: Mapping[str, Habits] = MappingProxyType(
    {
        "steered purchases of any size, won by any margin": Habits(large=False, narrow=False),
        "favoured firms widened to two lines at most": Habits(lines=2),
        "favoured firms that were suppliers before and stay": Habits(known=0.2),
        "honest suppliers that sell all a body buys": Habits(broad=True),
        "honest suppliers that come and go": Habits(passing=True),
        "honest bids above the estimate": Habits(above=True),
        "all of these": Habits(False, False, 2, 0.2, True, True, True),
    }
)
