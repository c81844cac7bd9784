"""All notifiers, and the settings of each: a new one needs one file or folder of this package, and one row here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AfterValidator

from service.integrations.alertmanager import ALERTMANAGER
from service.integrations.email.notifier import EMAIL
from service.integrations.notifier import Notifier, NotifierSettings
from service.integrations.security_hub.notifier import SECURITY_HUB
from service.integrations.slack import SLACK
from service.integrations.webhook import WEBHOOK
from service.setting_types.by_type import ByType

NOTIFIERS: Final[tuple[Notifier[Any], ...]] = (
    WEBHOOK,
    SLACK,
    EMAIL,
    ALERTMANAGER,
    SECURITY_HUB,
)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_OTHER_SINKS: Final = ("textfile", "remote_write")


def notifier_of(type_name: str) -> Notifier[Any]:
    """The notifier for settings of this ``type``; raises KeyError."""
    return {notifier.name: notifier for notifier in NOTIFIERS}[type_name]


def _check_names(notifiers: Mapping[str, NotifierSettings]) -> Mapping[str, NotifierSettings]:
    for name in notifiers:
        if not _NAME.fullmatch(name) or name in _OTHER_SINKS:
            raise ValueError(
                f"a notifier cannot have the name {name!r}: use letters, digits, dots, dashes and "
                f"underscores, but not {' or '.join(_OTHER_SINKS)}"
            )
    return notifiers


NotifierSection: TypeAlias = Annotated[
    Mapping[
        str, Annotated[NotifierSettings, ByType({one.name: one.settings for one in NOTIFIERS})]
    ],
    AfterValidator(_check_names),
]
"""The ``notifications`` section of the configuration: notifiers by their names (docs/reference/notifications.md)."""
