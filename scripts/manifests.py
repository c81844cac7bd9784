"""Renders the plain manifests of ``deploy/kubernetes`` from the Helm chart, so that both have one source.

    python -m scripts.manifests

Each file in ``deploy/kubernetes/values`` becomes a manifest of the same name, for the namespace ``tlsprobe``. Helm's own
engine renders it, from a package; no cluster is contacted.
"""

from __future__ import annotations

import re
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


def manifest(values_file: Path) -> str:
    """One manifest with everything that the chart makes of ``values_file``."""
    texts = rendered(yaml.safe_load(values_file.read_text(encoding="utf-8")))
    order = sorted(texts, key=lambda one: (one not in _ORDER, one))
    documents = [_HEAD % values_file.name, *(texts[one].removeprefix("---\n") for one in order)]
    return _OF_HELM.sub(r"\1kubectl", "---\n".join(documents))


def manifests() -> dict[Path, str]:
    """The text of each manifest, by its file."""
    files = sorted((MANIFESTS / "values").glob("*.yml"))
    return {MANIFESTS / one.name: manifest(one) for one in files}


if __name__ == "__main__":
    for path, text in manifests().items():
        path.write_text(text, encoding="utf-8")
