"""Sets up a clone on a bare machine: Python packages, browser files, translations, static files, programs.

Runs on the system's Python with nothing installed. Each step is skipped when its inputs did not change.
Usage: bootstrap.py [setup] [static] [tests] | clean
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
STAMPS = VENV / "stamps"
DATA = Path(os.environ.get("PURSER_DATA_DIR") or ROOT / ".data").absolute()
POLICY = Path("/usr/sbin/policy-rc.d")
CJK_FONT = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
PROGRAMS = {
    "docker-registry": "docker-registry",
    "skopeo": "skopeo",
    "msgfmt": "gettext",
    "xgettext": "gettext",
}
NOWHERE = {"DATABASE_URL": "postgresql://nobody@/nothing", "REDIS_URL": "redis://localhost:1"}


class SetupError(Exception):
    """A step failed; the text says what to do."""


def setup() -> None:
    """Everything a demo needs, in order."""
    make_venv()
    once("packages", [ROOT / "uv.lock", ROOT / "pyproject.toml"], install_packages)
    install_programs(missing_programs())
    lock = ROOT / "package-lock.json"
    once("browser packages", [lock], install_browser_files)
    users = [*(ROOT / "templates").rglob("*.html"), *(ROOT / "portal" / "pages").rglob("*.py")]
    once("browser files", [lock, *sorted(users)], vendor_browser_files)
    once("translations", sorted((ROOT / "locale").glob("**/*.po")), compile_translations)


def static() -> None:
    """Hashed and compressed copies of the static files for the web process."""
    files = [path for path in sorted((ROOT / "static").rglob("*")) if path.is_file()]
    packages = STAMPS / "packages"
    once("static files", [*files, packages], collect_static, stamps=DATA / "stamps")


def tests() -> None:
    """What only tests and journeys need: a browser, and a font for Chinese."""
    wanted = [] if shutil.which("chromium") else ["chromium"]
    install_programs([*wanted, *([] if CJK_FONT.exists() else ["fonts-noto-cjk"])])


def clean() -> None:
    """Remove everything that setup and the demo made in this clone and for it; refuses while the demo runs."""
    homes = [DATA / "services", Path("/var/lib") / f"purser-{short_hash(DATA)}"]
    for home in homes:
        refuse_when_owned(home / "owner.lock")
    caches = [ROOT / name for name in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache")]
    vendored = ROOT / "static" / "vendor"
    for folder in (*homes, DATA, VENV, ROOT / "node_modules", vendored, *caches):
        shutil.rmtree(folder, ignore_errors=True)


def make_venv() -> None:
    """`.venv` with pip, by the Python that runs this."""
    if (BIN / "python").exists():
        return
    if sys.version_info < (3, 11):  # noqa: UP036 - the system's Python may be older
        raise SetupError(f"Purser needs Python 3.11 or later. This is {sys.version.split()[0]}.")
    if subprocess.run(
        [sys.executable, "-c", "import ensurepip"], capture_output=True, check=False
    ).returncode:
        install_programs(["python3-venv"])
    run(sys.executable, "-m", "venv", str(VENV))


def install_packages() -> None:
    """Exactly what uv.lock names."""
    uv = BIN / "uv"
    if not uv.exists():
        if not (BIN / "pip").exists():
            run(str(BIN / "python"), "-m", "ensurepip")
        run(
            str(BIN / "python"),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "uv>=0.5,<1",
        )
    # Inexact: uv itself stays installed.
    run(str(uv), "sync", "--locked", "--inexact", "--quiet", UV_PYTHON_DOWNLOADS="never")


def install_browser_files() -> None:
    """Packages of npm, without running their scripts."""
    npm = shutil.which("npm") or str(BIN / "npm")
    run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")


def vendor_browser_files() -> None:
    """The few files of those packages that pages load."""
    manage("vendor_static")


def compile_translations() -> None:
    """A .mo file beside every .po file."""
    for source in (ROOT / "locale").glob("**/*.po"):
        run("msgfmt", "--check", "-o", str(source.with_suffix(".mo")), str(source))


def collect_static() -> None:
    """`collectstatic` into the data folder."""
    manage("collectstatic", "--noinput", "--clear", "--verbosity", "0")


def missing_programs() -> list[str]:
    """Debian packages of programs that are not on PATH."""
    return sorted({package for program, package in PROGRAMS.items() if not shutil.which(program)})


def install_programs(packages: list[str]) -> None:
    """Install Debian packages when we are root, without starting the services they bring.

    Raises SetupError with the line to type when we are not root or there is no apt.
    """
    if not packages:
        return
    line = f"apt-get install --no-install-recommends {' '.join(packages)}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError(f"This machine lacks {', '.join(packages)}. As root, run: {line}")
    say(f"Installing {', '.join(packages)} ...")
    keep = POLICY.exists()
    if not keep:
        # Debian asks this file before a package starts its service: docker-registry would take port 5000.
        POLICY.write_text("#!/bin/sh\nexit 101\n", "ascii")
        POLICY.chmod(0o755)
    try:
        run("apt-get", "update", "-qq", DEBIAN_FRONTEND="noninteractive")
        run(*line.split(), "-y", "-qq", "--no-upgrade", DEBIAN_FRONTEND="noninteractive")
    finally:
        if not keep:
            POLICY.unlink()


def once(name: str, inputs: Iterable[Path], step: Callable[[], None], *, stamps: Path = STAMPS) -> None:
    """Do a step unless its inputs are as they were when it was done last."""
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(str(path).encode())
        digest.update(path.read_bytes())
    stamp = stamps / name.replace(" ", "-")
    if stamp.exists() and stamp.read_text("ascii") == digest.hexdigest():
        return
    say(f"Setting up {name} ...")
    step()
    stamps.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest.hexdigest(), "ascii")


def manage(*words: str) -> None:
    """A command of Purser that needs neither database nor broker."""
    run(str(BIN / "python"), "manage.py", *words, **NOWHERE)


def run(*argv: str, **environment: str) -> None:
    """Run a program in the repository with the venv's programs first on PATH; its output only when it fails."""
    path = f"{BIN}:{os.environ.get('PATH', '')}"
    done = subprocess.run(  # noqa: S603 - arguments are ours
        argv,
        cwd=ROOT,
        env={**os.environ, "PATH": path, "VIRTUAL_ENV": str(VENV), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(f"{' '.join(argv)} failed:\n{(done.stderr or done.stdout).strip()[-3000:]}")


def refuse_when_owned(lock: Path) -> None:
    """Raises SetupError while a process owns the embedded services of this clone."""
    if not lock.exists():
        return
    with lock.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SetupError("The demo is running. End it first (Ctrl-C where it runs).") from None


def short_hash(path: Path) -> str:
    """The name portal/embedded/places.py gives root's folder."""
    return hashlib.sha256(os.fsencode(path.resolve())).hexdigest()[:12]


def say(line: str) -> None:
    """Tell what takes its time."""
    sys.stderr.write(f"{line}\n")


def main(words: list[str]) -> int:
    """Do the named steps one after the other; two set-ups of one clone wait for each other."""
    steps = {"setup": setup, "static": static, "tests": tests, "clean": clean}
    with (ROOT / "pyproject.toml").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            for word in words or ["setup"]:
                steps[word]()
        except SetupError as error:
            say(str(error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
