"""Collects the browser files of other people that pages need, from node_modules into static/vendor/."""

import re
import shutil
from pathlib import Path

from django.conf import settings

from portal.pages.templatetags.purser_blocks import BANNER_ICONS
from portal.pages.words import WORDS

# Each with its source map where one is named: hashed storage refuses a file whose map is missing.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "chart.js/dist/chart.umd.min.js": "chart.umd.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "idiomorph/dist/idiomorph-ext.min.js": "idiomorph-ext.min.js",
}
ICON_FOLDER = "@tabler/icons/icons/outline"
_ICON_IN_TEMPLATE = re.compile(r"""\{%\s*icon\s+["']([a-z0-9-]+)["']|\bicon=["']([a-z0-9-]+)["']""")
_ICON_IN_PYTHON = re.compile(
    r"""\bicon(?:: str)? ?= ?"([a-z0-9-]+)"|"icon": "([a-z0-9-]+)"|draw_icon\("([a-z0-9-]+)\""""
)
_SOURCE_MAP = re.compile(r"sourceMappingURL=(\S+?)(?:\s|\*/|$)")
_EMPTY_PATH = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*/>')


class MissingAsset(Exception):
    """A file that pages need is not in node_modules: `npm ci --ignore-scripts` has not run, or a name is wrong."""


def icons_in_use(base: Path) -> set[str]:
    """Return every icon name that templates, page code and the status words name."""
    names = {word.icon for table in WORDS.values() for word in table.values()} | set(BANNER_ICONS.values())
    for template in (base / "templates").rglob("*.html"):
        names |= _names(_ICON_IN_TEMPLATE, template)
    for module in (base / "portal" / "pages").rglob("*.py"):
        if "tests" not in module.parts:
            names |= _names(_ICON_IN_PYTHON, module)
    return names


def sprite(folder: Path, names: set[str]) -> str:
    """Return one SVG with a `<symbol>` for each name. Raises MissingAsset for a name that is no Tabler icon."""
    symbols = "".join(_symbol(folder / f"{name}.svg", name) for name in sorted(names))
    return f'<svg xmlns="http://www.w3.org/2000/svg">{symbols}</svg>\n'


def vendor(*, modules: Path, target: Path, base: Path | None = None) -> list[Path]:
    """Write all vendored files and the sprite to `target` and return their paths. Raises MissingAsset."""
    target.mkdir(parents=True, exist_ok=True)
    written = [path for source, name in FILES.items() for path in _copy(modules / source, target / name)]
    icons = target / "icons.svg"
    icons.write_text(sprite(modules / ICON_FOLDER, icons_in_use(base or settings.BASE_DIR)), encoding="utf-8")
    return [*written, icons]


def _copy(source: Path, target: Path) -> list[Path]:
    if not source.is_file():
        raise MissingAsset(str(source))
    shutil.copyfile(source, target)
    found = _SOURCE_MAP.search(source.read_text(encoding="utf-8")[-300:])
    if found is None or source.suffix == ".map":
        return [target]
    return [target, *_copy(source.with_name(found[1]), target.with_name(found[1]))]


def _names(pattern: re.Pattern[str], path: Path) -> set[str]:
    return {name for groups in pattern.findall(path.read_text(encoding="utf-8")) for name in groups if name}


def _symbol(path: Path, name: str) -> str:
    if not path.is_file():
        raise MissingAsset(str(path))
    drawing = path.read_text(encoding="utf-8").split(">", 1)[1].rsplit("</svg>", 1)[0]
    shapes = " ".join(_EMPTY_PATH.sub("", drawing).split())
    return (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-linecap="round"'
        f' stroke-linejoin="round">{shapes}</symbol>'
    )
