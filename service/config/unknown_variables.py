"""Environment variables that are named like settings, and are none: a misspelt one is an error, as in the file.

pydantic ignores a variable whose first part is not a setting.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Iterator
from typing import Final

from policy.files.yaml_file import ConfigError
from service.config.known_settings import names_at, renaming
from service.config.settings import ENVIRONMENT_NESTING, ENVIRONMENT_PREFIX, ServiceSettings
from service.setting_types.secret_marks import variables_in

_OTHERS: Final = frozenset({"CONFIG_FILE", "PROXY_PASSWORD"})
_SERVICE_LINK: Final = re.compile(
    r"SERVICE_HOST|SERVICE_PORT(_.+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?"
)
"""What Kubernetes sets in every pod for a Service with the name tlsprobe."""

_SIMILAR: Final = 0.8


def refuse_misspelt_variables(settings: ServiceSettings) -> None:
    """Raises ConfigError for a variable that is similar to one of a setting, or has its earlier name."""
    for name in unknown_variables(settings):
        written = name.upper().removeprefix(ENVIRONMENT_PREFIX)
        place = (written.lower(),)
        if sentence := renaming(place, place):
            raise ConfigError(f"the environment variable {name}: {sentence}")
        if close := difflib.get_close_matches(written, _known(), n=1, cutoff=_SIMILAR):
            raise ConfigError(
                f"the environment variable {name} is not a setting: did you mean {ENVIRONMENT_PREFIX}{close[0]}?"
            )


def unknown_variables(settings: ServiceSettings) -> list[str]:
    """The variables with the prefix that are neither settings nor named by one."""
    sections = {name.upper() for name in names_at(())}
    named = {name.upper() for name in variables_in(settings)}
    return [
        name
        for name in sorted(os.environ)
        if name.upper().startswith(ENVIRONMENT_PREFIX)
        and name.upper() not in named
        and (written := name.upper().removeprefix(ENVIRONMENT_PREFIX)) not in _OTHERS
        and written.partition(ENVIRONMENT_NESTING)[0] not in sections
        and not _SERVICE_LINK.fullmatch(written)
    ]


def _known() -> list[str]:
    return sorted({name.upper() for name in _names()})


def _names() -> Iterator[str]:
    """The variables of settings, and of the settings in their sections."""
    for section in names_at(()):
        yield section
        yield from (f"{section}{ENVIRONMENT_NESTING}{name}" for name in names_at((section,)))
