"""The ``on_demand`` section: what ``/probe`` may probe, and the modules it uses."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final

from pydantic import AfterValidator, model_validator

from service.config.modules.exporter_keys import Section
from service.config.modules.module import ModuleSettings
from service.setting_types.values import Count

DEFAULT_MODULE: Final = "default"


def _with_default(modules: Mapping[str, ModuleSettings]) -> Mapping[str, ModuleSettings]:
    return {DEFAULT_MODULE: ModuleSettings(), **modules}


class OnDemandSettings(Section):
    """What ``/probe`` may probe: targets of the inventory, and addresses in ``networks``.

    One's own modules come in addition to the built-in ``default``, unless one of them replaces it.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    max_concurrent_probes: Count = 16
    default_module: str = DEFAULT_MODULE
    modules: Annotated[Mapping[str, ModuleSettings], AfterValidator(_with_default)] = {
        DEFAULT_MODULE: ModuleSettings()
    }

    @model_validator(mode="after")
    def _has_its_default(self) -> OnDemandSettings:
        if self.default_module not in self.modules:
            there = ", ".join(sorted(self.modules))
            raise ValueError(
                f"default_module {self.default_module!r} is not one of the modules: {there}"
            )
        return self
