"""Every import that the contracts of import-linter (pyproject.toml) forbid breaks its contract.

import-linter checks the layers; these tests check the contracts themselves: a misspelled module, or a
forbidden one that no contract covers, would permit everything. It cannot express "nothing third-party"
without a list of everything third-party, so that rule of ``model`` is checked here too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import grimp
import pytest
from importlinter.api import read_configuration
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract, ContractCheck

ROOT: Final = Path(__file__).parents[1]
_CONFIGURATION: Final = read_configuration(str(ROOT / "pyproject.toml"))
PACKAGES: Final[list[str]] = _CONFIGURATION["session_options"]["root_packages"]
CONTRACTS: Final[list[dict[str, Any]]] = _CONFIGURATION["contracts_options"]
_KINDS: Final[dict[str, type[Contract]]] = {
    "forbidden": ForbiddenContract,
    "layers": LayersContract,
}
each_contract: Final = pytest.mark.parametrize("options", CONTRACTS, ids=lambda one: one["name"])


@dataclass(frozen=True, slots=True)
class Import:
    """``importer`` may not import ``imported``; both are packages or modules that the contract names."""

    importer: str
    imported: str


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, include_external_packages=True, cache_dir=None)


def checked(options: dict[str, Any], graph: grimp.ImportGraph) -> ContractCheck:
    kind = _KINDS[options["type"]]
    contract = kind(options["name"], _CONFIGURATION["session_options"], options)
    return contract.check(deepcopy(graph), verbose=False)


def layers_of(options: dict[str, Any]) -> list[list[str]]:
    """From the highest to the lowest; modules on the same level are independent of one another."""
    (container,) = options.get("containers", [""])
    floors = [[one.strip() for one in layer.split("|")] for layer in options["layers"]]
    return [[f"{container}.{one}".lstrip(".") for one in floor] for floor in floors]


def forbidden_by(options: dict[str, Any]) -> Iterator[Import]:
    """Every import that the contract must detect."""
    if options["type"] == "forbidden":
        for source in options["source_modules"]:
            for forbidden in options["forbidden_modules"]:
                yield Import(source, forbidden)
        return
    above: list[str] = []
    for floor in layers_of(options):
        for importer in floor:
            yield from (Import(importer, one) for one in above)
            yield from (Import(importer, one) for one in floor if one != importer)
        above += floor


def deepest(graph: grimp.ImportGraph, package: str) -> str:
    """The module of ``package`` with the longest name: a contract must cover the whole package."""
    inside = {package} | graph.find_descendants(package)
    return max(sorted(inside), key=lambda name: name.count("."))


def plant(graph: grimp.ImportGraph, forbidden: Import) -> tuple[str, str]:
    """Add the import to ``graph``, from the deepest module to the deepest one; returns both."""
    if forbidden.imported not in graph.modules:
        graph.add_module(forbidden.imported, is_squashed=True)
    is_own = forbidden.imported.split(".")[0] in PACKAGES
    imported = deepest(graph, forbidden.imported) if is_own else forbidden.imported
    importer = deepest(graph, forbidden.importer)
    graph.add_import(importer=importer, imported=imported)
    return importer, imported


def imports_found(check: ContractCheck) -> set[tuple[str, str]]:
    """The direct imports that the contract reports, each by its own chain."""
    chains = [
        [(one["importer"], one["imported"]) for one in chain]
        for found in check.metadata.get("invalid_chains", ())
        for chain in found["chains"]
    ]
    for found in check.metadata.get("invalid_dependencies", ()):
        for route in found["routes"]:
            links = [(one["importer"], one["imported"]) for one in route["chain"]]
            ends = [(first["importer"], links[0][1]) for first in route["extra_firsts"]]
            chains += [links, *([end] for end in ends)]
    return {chain[0] for chain in chains if len(chain) == 1}


@each_contract
def test_a_contract_finds_every_import_that_it_forbids(
    options: dict[str, Any], graph: grimp.ImportGraph
) -> None:
    assert checked(options, graph).kept
    changed = deepcopy(graph)
    planted = {plant(changed, one) for one in forbidden_by(options)}
    check = checked(options, changed)
    assert not check.kept
    assert planted - imports_found(check) == set()


@each_contract
def test_a_contract_finds_a_single_import(
    options: dict[str, Any], graph: grimp.ImportGraph
) -> None:
    changed = deepcopy(graph)
    *_, last = forbidden_by(options)
    plant(changed, last)
    assert not checked(options, changed).kept


@pytest.mark.parametrize(
    ("package", "exempt", "name"),
    [
        (
            "tlsprobe",
            "tlsprobe.__main__",
            "The Python API needs no service, no database and no exporter",
        ),
        ("service", "service.cli", "What commands do knows nothing of the command line"),
        ("service.cli", "service.cli.remediation", "Only one command changes foreign systems"),
    ],
)
def test_a_contract_for_all_modules_but_one_lists_all(
    package: str, exempt: str, name: str, graph: grimp.ImportGraph
) -> None:
    (listed,) = (one["source_modules"] for one in CONTRACTS if one["name"] == name)
    assert graph.find_children(package) - {exempt} == set(listed)


def test_every_library_that_a_contract_forbids_can_be_imported() -> None:
    named = {
        name
        for options in CONTRACTS
        for name in options.get("forbidden_modules", ())
        if name.split(".")[0] not in PACKAGES
    }
    assert "socket" in named
    assert {name for name in named if find_spec(name) is None} == set()


@pytest.mark.parametrize(
    "options",
    [one for one in CONTRACTS if one.get("exhaustive")],
    ids=lambda one: one["name"],
)
def test_a_folder_without_a_layer_is_found(
    options: dict[str, Any], graph: grimp.ImportGraph
) -> None:
    changed = deepcopy(graph)
    changed.add_module(f"{options['containers'][0]}.surprise")
    assert not checked(options, changed).kept


def test_lint_imports_fails_for_a_forbidden_import_in_a_file(tmp_path: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    planted = tmp_path / "model/target.py"
    planted.write_text(f"{planted.read_text(encoding='utf-8')}\nimport socket\n", encoding="utf-8")
    run = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 1
    assert "model needs the standard library alone BROKEN" in run.stdout
    assert "model.target -> socket" in run.stdout


def test_model_imports_the_standard_library_only(graph: grimp.ImportGraph) -> None:
    imported = {
        name
        for module in graph.modules
        if module.split(".")[0] == "model"
        for name in graph.find_modules_directly_imported_by(module)
    }
    outside = {name.split(".")[0] for name in imported} - {"model"}
    assert outside - sys.stdlib_module_names == set()
