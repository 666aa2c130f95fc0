"""The processing pipeline a rule set is loaded with: `auto`, `none`, or a file of pySigma's format."""

from __future__ import annotations

from pathlib import Path

import yaml
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingPipeline

from detectors.sigma.facts import facts_of
from detectors.sigma.ruleset import AUTO, NONE, Placeholders
from soc.core.errors import SetupError
from soc.core.i18n import msg
from soc.core.shipped_lists import shipped_values


def named_pipeline(name: str) -> ProcessingPipeline | None:
    """pySigma's pipeline in the file `name`; None for `auto` and `none`, which need none.

    Raises:
        SetupError: no such file, or no pipeline in it.
    """
    if name in (AUTO, NONE):
        return None
    try:
        return ProcessingPipeline.from_yaml(Path(name).read_text("utf-8"), source_path=name)
    except (OSError, yaml.YAMLError, SigmaError, TypeError, ValueError, KeyError) as error:
        raise SetupError(
            msg("không nạp được quy trình Sigma {name}: {reason}", name=name, reason=str(error)),
            expected=msg("auto, none, hoặc tệp quy trình của pySigma"),
        ) from error


def default_placeholders(pipeline: str) -> Placeholders:
    """The lists that are shipped, and those that published rules ask for, which a site may leave empty; none without a pipeline."""
    if pipeline == NONE:
        return {}
    return {**shipped_values(), **facts_of("placeholders")}
