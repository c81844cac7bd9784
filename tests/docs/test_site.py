"""The site builds in strict mode: every page is in the navigation, and every link works."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def build(sources: Path, site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """``sources`` as HTML in ``site``, as `make docs` builds it: warnings are errors."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-n", "-q", *options]
    return subprocess.run(
        [*command, str(sources), str(site)], capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_site_builds_without_a_warning(tmp_path: Path) -> None:
    done = build(DOCS, tmp_path / "site")
    assert (done.returncode, done.stderr) == (0, "")
    pages = {path.relative_to(DOCS).with_suffix(".html") for path in DOCS.rglob("*.md")}
    assert [page for page in pages if not (tmp_path / "site" / page).is_file()] == []
    assert (tmp_path / "site/search.html").is_file()


def test_a_dead_link_or_a_page_missing_from_the_navigation_fails_the_build(tmp_path: Path) -> None:
    sources = tmp_path / "docs"
    sources.mkdir()
    (sources / "conf.py").write_text((DOCS / "conf.py").read_text())
    (sources / "index.md").write_text("# Home\n\n[a](gone.md), [b](#gone), [c](gone.csv)\n")
    (sources / "lost.md").write_text("# Lost\n")
    done = build(sources, tmp_path / "site")
    assert done.returncode == 1
    for named in ("gone.md", "gone.csv", "'gone'", "lost.md"):
        assert named in done.stderr


def test_a_page_of_the_site_fetches_nothing_from_elsewhere(tmp_path: Path) -> None:
    sources = tmp_path / "docs"
    sources.mkdir()
    (sources / "conf.py").write_text((DOCS / "conf.py").read_text())
    (sources / "index.md").write_text("# Home\n\n```mermaid\ngraph TD\n```\n")
    assert build(sources, tmp_path / "site").returncode == 0
    page = (tmp_path / "site/index.html").read_text()
    fetched = re.findall(r'<(?:script|link|img)[^>]*(?:src|href)="([^"]+)"', page)
    assert fetched
    assert [address for address in fetched if "//" in address] == []
