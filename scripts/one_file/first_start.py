"""The first code of the one-file tlsprobe: Python runs it as ``__main__`` of the archive.

Compiled packages cannot be imported from an archive. The first start unpacks it into the user's cache, and every
start runs what is there.
"""

import json
import os
import sys
import sysconfig
import tempfile
import zipfile


def wrong_python(built_for: str) -> str:
    """What is wrong with this Python; empty for the one that the file was built for."""
    here = python_here()
    if here == built_for:
        return ""
    return f"this file is for {built_for}, but {sys.executable} is {here}: start it with another Python"


def python_here() -> str:
    """The Python and the platform for which packages are compiled, such as ``cpython-311-x86_64-linux-gnu``."""
    return str(sysconfig.get_config_var("SOABI"))


def cache_folder() -> str:
    """Where the user's programs keep what they can make again."""
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(base, "tlsprobe")


def unpack(archive: zipfile.ZipFile, folder: str) -> None:
    """Unpack into ``folder`` unless it exists; it appears at once and whole, even if two programs start."""
    if os.path.isdir(folder):
        return
    parent = os.path.dirname(folder)
    os.makedirs(parent, mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent, ignore_cleanup_errors=True) as work:
        archive.extractall(work)
        try:
            os.rename(work, folder)
        except OSError:
            if not os.path.isdir(folder):
                raise


def main() -> None:
    """Run the command line of the packages in the archive."""
    with zipfile.ZipFile(sys.argv[0]) as archive:
        build = json.loads(archive.read("build.json"))
        if wrong := wrong_python(build["python"]):
            sys.exit(f"tlsprobe: {wrong}")
        folder = os.path.join(cache_folder(), build["identifier"])
        try:
            unpack(archive, folder)
        except OSError as error:
            sys.exit(
                f"tlsprobe: cannot unpack into {folder} ({error.strerror}): set XDG_CACHE_HOME to a folder that "
                "you may write to"
            )
    packages = os.path.join(folder, "packages")
    sys.path[0] = packages
    # Processes that the service starts find the same packages.
    os.environ["PYTHONPATH"] = packages
    from tlsprobe.__main__ import main as run

    run()


if __name__ == "__main__":
    main()
