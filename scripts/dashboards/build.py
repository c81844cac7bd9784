"""Converts the short form to Grafana's classic JSON, with Grafana's own builders.

The schema version is set explicitly: the builders write that of their own release, and 42 is the newest of the
classic format.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from grafana_foundation_sdk.builders import (
    bargauge,
    dashboard,
    piechart,
    prometheus,
    stat,
    statetimeline,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    Threshold,
    ThresholdsMode,
    VariableOption,
    VariableRefresh,
    VariableSort,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from scripts.dashboards.spec import Dashboard, Panel, Step

SCHEMA_VERSION: Final = 42
PREFIX: Final = "tlsprobe-"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="prometheus")
_COLUMNS: Final = 24
_OWN_PAGE: Final = "http://localhost:9844"
_BUILDERS: Final[dict[str, Any]] = {
    "stat": stat.Panel,
    "timeseries": timeseries.Panel,
    "table": table.Panel,
    "bargauge": bargauge.Panel,
    "piechart": piechart.Panel,
    "statetimeline": statetimeline.Panel,
}


def written(spec: Dashboard) -> str:
    """The dashboard's JSON with a trailing line feed."""
    builder = (
        dashboard.Dashboard(f"tlsprobe: {spec.title}")
        .uid(PREFIX + spec.uid)
        .description(spec.description)
        .tags(["tlsprobe"])
        .refresh("1m")
        .time("now-6h" if spec.scope == "service" else "now-24h", "now")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .links([_to_the_others(), _to_our_page()])
        .variables(_variables(spec))
    )
    if spec.scope == "endpoint":
        builder = builder.annotations([_changes()])
    for number, (panel, place) in enumerate(_placed(spec.panels), start=1):
        builder = builder.with_panel(_panel(panel, place).id(number))
    encoded: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(builder.build()))
    encoded |= {"schemaVersion": SCHEMA_VERSION, "version": 1}
    return json.dumps(encoded, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _placed(panels: Sequence[Panel]) -> list[tuple[Panel, GridPos]]:
    """The panels with their positions: left to right, row by row."""
    placed, x, y, tallest = [], 0, 0, 0
    for panel in panels:
        if x + panel.width > _COLUMNS:
            x, y, tallest = 0, y + tallest, 0
        placed.append((panel, GridPos(h=panel.height, w=panel.width, x=x, y=y)))
        x, tallest = x + panel.width, max(tallest, panel.height)
    return placed


def _panel(panel: Panel, place: GridPos) -> Any:
    is_table = panel.kind == "table"
    built = (
        _BUILDERS[panel.kind]()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(SOURCE)
        .grid_pos(place)
        .thresholds(_thresholds(panel.thresholds))
    )
    if panel.leads_to_endpoint:
        built = built.data_links([_to_endpoint(), _to_endpoint_page()])
    for index, query in enumerate(panel.queries):
        target = (
            prometheus.Dataquery().expr(query.expr).ref_id(chr(ord("A") + index)).datasource(SOURCE)
        )
        target = target.legend_format(query.legend)
        if panel.kind in {"timeseries", "statetimeline"}:
            target = target.range()
        else:
            target = target.instant()
        if is_table:
            target = target.format(PromQueryFormat.TABLE)
        built = built.with_target(target)
    return built


def _thresholds(steps: Sequence[Step]) -> Any:
    return (
        dashboard.ThresholdsConfig()
        .mode(ThresholdsMode.ABSOLUTE)
        .steps([Threshold(value=value, color=color) for value, color in steps])
    )


def _variables(spec: Dashboard) -> list[Any]:
    if spec.scope == "service":
        return []
    label = _variable(
        "label", "Label", "label_names(tlsprobe_endpoint_labels)", "label_team"
    ).regex("/^(label_.*|target)$/")
    value = _variable("value", "Value", "label_values(tlsprobe_endpoint_labels, $label)", None)
    chosen = _variable(
        "target",
        "Target",
        'label_values(tlsprobe_endpoint_labels{$label=~"$value"}, target)',
        None,
    )
    if spec.scope == "endpoint":
        return [label, _all(value), chosen]
    return [label, _all(value), _all(chosen)]


def _variable(name: str, label: str, query: str, first: str | None) -> Any:
    built = (
        dashboard.QueryVariable(name)
        .label(label)
        .datasource(SOURCE)
        .query({"query": query, "refId": name})
        .definition(query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    if first is not None:
        built = built.current(VariableOption(text=first, value=first, selected=True))
    return built


def _all(variable: Any) -> Any:
    """Allows several values, or all as ``.*``, because a query with ten thousand names is too long."""
    everything = VariableOption(text=["All"], value=["$__all"], selected=True)
    return variable.multi(True).include_all(True).all_value(".*").current(everything)


def _to_the_others() -> Any:
    return (
        dashboard.DashboardLink("tlsprobe")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["tlsprobe"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _to_our_page() -> Any:
    return _link("Inventory", f"{_OWN_PAGE}/")


def _to_endpoint() -> Any:
    address = f"/d/{PREFIX}endpoint?var-target=${{__data.fields.target}}&${{__url_time_range}}"
    return _link("Endpoint", address)


def _to_endpoint_page() -> Any:
    return _link("Page in tlsprobe", f"{_OWN_PAGE}/endpoint?target=${{__data.fields.target}}")


def _link(title: str, url: str) -> Any:
    return dashboard.DashboardLink(title).type(DashboardLinkType.LINK).url(url).target_blank(True)


def _changes() -> Any:
    return (
        dashboard.AnnotationQuery()
        .name("Changes")
        .datasource(SOURCE)
        .enable(True)
        .icon_color("purple")
        .expr('tlsprobe_config_changed_timestamp_seconds{target=~"$target"} * 1000')
        .title_format("Facts changed")
        .use_value_for_time(True)
    )
