"""Every indicator and model that there is, by code, and as a run is told to use them."""

import graphgov.indicators
import graphgov.models
from graphgov.config import Config
from graphgov.detector import Detector, configured, discover


def known_detectors() -> dict[str, type[Detector]]:
    """Every indicator and model, by code."""
    found = discover(graphgov.indicators) | discover(graphgov.models)
    return dict(sorted(found.items()))


def configured_detectors(config: Config, seed: int | None = None) -> list[Detector]:
    """Every indicator and model that is not switched off, by code.

    Args:
        config: Its sections of indicators and models are used.
        seed: Goes before what a section says, where a detector draws by chance.

    Raises:
        ConfigError: A section or a key is unknown, or a value out of bounds.
    """
    made: list[Detector] = []
    for package, sections, where in (
        (graphgov.indicators, config.indicators, "indicators"),
        (graphgov.models, config.models, "models"),
    ):
        classes = discover(package)
        given = {code: dict(section) for code, section in sections.items()}
        for code, cls in classes.items():
            if seed is not None and "seed" in cls.__dataclass_fields__:
                given.setdefault(code, {})["seed"] = seed
        made += configured(classes, given, where)
    return sorted(made, key=lambda one: one.code)
