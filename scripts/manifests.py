"""Renders the plain manifests of ``deploy/kubernetes`` from the Helm chart, so that both have one source.

    python -m scripts.manifests
    python -m scripts.manifests VALUES... > manifest.yml

Each file in ``deploy/kubernetes/values`` becomes a manifest of the same name, for the namespace ``tlsprobe``. Helm's own
engine renders it, from a package; no cluster is contacted. With files of values,
it prints the manifest that the chart makes of them instead; a later file changes an earlier one, as for Helm.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import helm_python
import yaml

ROOT: Final = Path(__file__).parents[1]
CHART: Final = ROOT / "deploy/helm/tlsprobe"
MANIFESTS: Final = ROOT / "deploy/kubernetes"
NAME: Final = "tlsprobe"
"""The name of the release, and its namespace."""

_HEAD: Final = f"""\
# From the Helm chart, by `make docs`: change deploy/helm/tlsprobe, or values/%s.
apiVersion: v1
kind: Namespace
metadata:
  name: {NAME}
  labels:
    # The strictest of the Pod Security Standards: the Pods meet it.
    pod-security.kubernetes.io/enforce: restricted
"""
_ORDER: Final = ("serviceaccount", "rbac", "configmap", "persistentvolumeclaim")
"""Templates whose objects the others need."""

_OF_HELM: Final = re.compile(r"(app\.kubernetes\.io/managed-by: )Helm$", re.MULTILINE)


def rendered(values: dict[str, Any], *, name: str = NAME, namespace: str = NAME) -> dict[str, str]:
    """The text of each template of the chart, by its name without suffix, except the notes.

    Raises:
        helm_python.HelmError: if Helm or the chart refuses the values.
    """
    with helm_python.Chart.load(CHART) as chart:
        chart.validate_schema(values)
        texts = chart.render(values, name=name, namespace=namespace)
    return {
        Path(path).stem: text.strip() + "\n"
        for path, text in texts.items()
        if path.endswith(".yaml") and text.strip()
    }


def merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """``one``, with what ``other`` has: as Helm merges several files of values."""
    both = dict(one)
    for name, value in other.items():
        inner = both.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            both[name] = merged(inner, value)
        else:
            both[name] = value
    return both


def manifest(*files: Path) -> str:
    """One manifest with everything that the chart makes of the values in ``files``."""
    values: dict[str, Any] = {}
    for file in files:
        values = merged(values, yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    texts = rendered(values)
    order = sorted(texts, key=lambda one: (one not in _ORDER, one))
    head = _HEAD % ", ".join(one.name for one in files)
    documents = [head, *(texts[one].removeprefix("---\n") for one in order)]
    return _OF_HELM.sub(r"\1kubectl", "---\n".join(documents))


def manifests() -> dict[Path, str]:
    """The text of each manifest, by its file."""
    files = sorted((MANIFESTS / "values").glob("*.yml"))
    return {MANIFESTS / one.name: manifest(one) for one in files}


def main(arguments: Sequence[str]) -> None:
    """Print the manifest of files of values, or write all manifests of ``deploy/kubernetes``."""
    if arguments:
        sys.stdout.write(manifest(*map(Path, arguments)))
        return
    for path, text in manifests().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except (OSError, yaml.YAMLError, helm_python.HelmError) as error:
        raise SystemExit(f"manifests: {error}") from None
