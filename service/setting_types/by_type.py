"""Settings that are chosen by their ``type``: a table maps each type to its class."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema


class ByType:
    """An annotation: a mapping is validated as the settings that ``choices`` has for its ``type``.

    A union does the same; here the table of rows takes its place, and a type checker sees the base class.
    """

    def __init__(self, choices: Mapping[str, type[BaseModel]]) -> None:
        self.choices = choices

    def __get_pydantic_core_schema__(
        self, _annotated: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        schemas = {name: handler.generate_schema(model) for name, model in self.choices.items()}
        return core_schema.tagged_union_schema(schemas, discriminator="type")
