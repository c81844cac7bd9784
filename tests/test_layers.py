"""The floor of the house stands on the standard library alone.

import-linter holds the layers (pyproject.toml); it cannot say "nothing third-party" without a
list of everything third-party, so that rule is held here.
"""

from __future__ import annotations

import sys

import grimp


def test_model_imports_the_standard_library_only() -> None:
    graph = grimp.build_graph("model", include_external_packages=True, cache_dir=None)
    imported = {
        name
        for module in graph.modules
        if module.split(".")[0] == "model"
        for name in graph.find_modules_directly_imported_by(module)
    }
    outside = {name.split(".")[0] for name in imported} - {"model"}
    assert outside - sys.stdlib_module_names == set()
