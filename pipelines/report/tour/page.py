"""`reports/tour.html`."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.report import pages
from pipelines.report.tour import self_test, steps
from pipelines.report.tour.material import Material


def write(path: Path, materials: Sequence[Material]) -> None:
    """The guided tour."""
    page = pages.environment(".", "tour.html").get_template("tour.html")
    path.write_text(page.render(steps=steps.of_run(materials), questions=self_test.of_run(materials)), encoding="utf-8")
