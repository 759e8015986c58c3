"""What a release carries: the built panel, so that its users need no Node."""

import subprocess
import sys
import zipfile
from pathlib import Path

from api.panel import PANEL_FILES

CHECKOUT = Path(__file__).resolve().parents[2]


def test_a_wheel_carries_the_built_panel(tmp_path: Path) -> None:
    quietly = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation")
    wheel_here = (sys.executable, "-m", "pip", "wheel", *quietly, "--wheel-dir", str(tmp_path), str(CHECKOUT))
    subprocess.run(wheel_here, check=True, timeout=120)

    [wheel] = tmp_path.glob("*.whl")
    carried = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("api/panel_files/")}
    built = {f"api/panel_files/{path.relative_to(PANEL_FILES)}" for path in PANEL_FILES.rglob("*") if path.is_file()}
    assert built == carried
    assert "api/panel_files/index.html" in carried
