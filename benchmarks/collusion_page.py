"""The study of collusion for people: its figures as a page."""

from collections.abc import Mapping
from typing import Any

BAR = {"accuracy": 0.82, "auc": 0.885}


def page(found: Mapping[str, Any]) -> str:
    """The page of some figures."""
    told = found["protocol"]
    low, high = found["accuracy_interval"]
    parts = [
        "# Collusion from prices, number of bids and market",
        "",
        f"Tenders with two bids or more, {told['folds']}-fold cross-validation by tender, "
        f"stratified by market and label, {told['repeats']} times with other folds "
        f"(`make collusion`). Inside each fold the {told['members_per_fit']} members of each kind "
        "are cross-fitted again; weights of members and calibration come from those inner folds, "
        "so nothing is chosen on the tenders that are judged. Settings of the members were tried "
        "on whole-data cross-validation with other folds; they are coarse and the same for all "
        "markets.",
        "",
        "| | accuracy | AUC | Brier |",
        "|---|--:|--:|--:|",
        f"| **model** | **{found['accuracy']:.4f}** ({low:.3f} to {high:.3f}) "
        f"| **{found['auc']:.4f}** | {found['brier']:.4f} |",
        f"| bar | {BAR['accuracy']:.2f} | {BAR['auc']:.3f} | |",
        f"| {_verdict(found)} | | | |",
        "",
        "Repeats: " + "; ".join(
            f"{one['accuracy']:.4f} / {one['auc']:.4f}" for one in found["repeats"]) + ".",
        "",
        "## By market",
        "",
        "| market | tenders | collusive | commoner label | accuracy | balanced accuracy | AUC "
        "| Brier | mean said | calibration error |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]  # fmt: skip
    parts += [
        f"| {name} | {m['tenders']:.0f} | {m['collusive']:.3f} | {m['always_the_commoner']:.3f} "
        f"| {m['accuracy']:.3f} | {m['balanced_accuracy']:.3f} | {m['auc']:.3f} | {m['brier']:.3f} "
        f"| {m['mean_probability']:.3f} | {m['calibration_error']:.3f} |"
        for name, m in found["markets"].items()
    ]
    parts += [
        "",
        "Calibration error: mean distance of said and seen over ten groups of equal size.",
        "",
        "## Calibration",
        "",
        "| probability from | tenders | said | seen |",
        "|--:|--:|--:|--:|",
    ]
    parts += [
        f"| {row['from']:.1f} | {row['tenders']} | {row['said']:.3f} | {row['seen']:.3f} |"
        for row in found["calibration"]
    ]
    parts += [
        "",
        f"Over all: {found['calibration_error']:.4f}.",
        "",
        "## Members, each alone",
        "",
        "| member | accuracy | AUC |",
        "|---|--:|--:|",
    ]
    parts += [
        f"| {name} | {m['accuracy']:.4f} | {m['auc']:.4f} |" for name, m in found["members"].items()
    ]
    parts += [
        "",
        "## One market left out",
        "",
        "Learnt on five markets, judged on the sixth; near chance, so the model stays silent in "
        "markets without labels of their own.",
        "",
        "| market | tenders | accuracy | balanced accuracy | AUC |",
        "|---|--:|--:|--:|--:|",
    ]
    parts += [
        f"| {name} | {m['tenders']} | {m['accuracy']:.3f} | {m['balanced_accuracy']:.3f} "
        f"| {m['auc']:.3f} |"
        for name, m in found["one_market_out"].items()
    ]
    return "\n".join([*parts, "", *_NOTES, ""])


def _verdict(found: Mapping[str, Any]) -> str:
    words = []
    for key, bar in BAR.items():
        gap = found[key] - bar
        words.append(f"{key} {'met' if gap >= 0 else 'missed'} by {abs(gap):.4f}")
    return ", ".join(words)


_NOTES = [
    "## What is used, and what is not",
    "",
    "Ids join the two tables and end there. Positions of bids, order of rows and gaps in the ids "
    "are not read: a test shuffles rows, renumbers tenders and gets the same bytes. Amounts are "
    "taken back to the market's own currency at the one rate per market they were published with.",
    "",
    "The largest gain over screens comes from repeated prices: how tenders were labelled in which "
    "exactly the same price was asked. In the American market (milk) firms ask the prices of a "
    "season's list of many buyers. The published amounts were deflated by year, so an equal amount "
    "there also tells that two tenders are of one year; the second member above shows what is "
    "left without it. The deflators themselves could be read off the last digits and would date "
    "every tender; that is an accident of this file and is not used.",
    "",
    "## What was tried without gain",
    "",
    "Larger and smaller trees, more and fewer features; random forests; support vectors; nets of "
    "one layer; labels of tenders that share a price with tenders that share a price; latent "
    "factors of shared prices; training on tenders with one bid too; prices round before a sales "
    "tax; round ratios and differences of bids; cents in common. In the largest market (Graubünden "
    "and See-Gaster) all of them end between 0.74 and 0.764, where always naming the commoner "
    "label gives 0.743; half of all judged tenders are of this market. A likely reason: firms "
    "there rigged every tender for years, so what tells one apart is mainly its date, which is not "
    "in these prices.",
]
