"""Each dashboard is well-formed: Grafana loads what it can and does not report the rest."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from scripts.dashboards.build import written
from scripts.dashboards.catalogue import DASHBOARDS as CATALOGUE
from tests.deploy.files import DASHBOARDS, dashboard

GRID_COLUMNS = 24


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@pytest.fixture(params=DASHBOARDS, ids=lambda path: path.name)
def panels(request: pytest.FixtureRequest) -> Any:
    path: Path = request.param
    return dashboard(path)["panels"]


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_a_dashboard_is_classic_json_with_a_unique_uid(path: Path) -> None:
    parsed = dashboard(path)
    assert (parsed["schemaVersion"], parsed["uid"]) == (42, f"tlsprobe-{path.stem}")


def test_panel_ids_are_unique(panels: Any) -> None:
    ids = [panel["id"] for panel in panels]
    assert len(ids) == len(set(ids))


def test_every_panel_describes_its_content_unit_and_good_values(panels: Any) -> None:
    for panel in panels:
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"]
        assert panel["description"].endswith(".")
        assert defaults["unit"]
        assert defaults["thresholds"]["steps"]


def test_the_files_are_generated_from_the_code() -> None:
    fresh = {f"{one.uid}.json": written(one) for one in CATALOGUE}
    assert {path.name: path.read_text() for path in DASHBOARDS} == fresh, "run `make docs`"


def test_tables_of_targets_link_to_the_endpoint_and_to_our_own_page() -> None:
    urls = {
        link["url"].partition("?")[0]
        for path in DASHBOARDS
        for panel in dashboard(path)["panels"]
        for link in panel["fieldConfig"]["defaults"].get("links", [])
    }
    assert urls == {"/d/tlsprobe-endpoint", "http://localhost:9844/endpoint"}
    uids = {dashboard(path)["uid"] for path in DASHBOARDS}
    assert "tlsprobe-endpoint" in uids


def test_panels_do_not_overlap_and_fit_the_grid(panels: Any) -> None:
    places = [panel["gridPos"] for panel in panels]
    assert [pair for pair in combinations(places, 2) if overlap(*pair)] == []
    assert [place for place in places if place["x"] + place["w"] > GRID_COLUMNS] == []
