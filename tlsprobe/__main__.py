"""The command ``tlsprobe``, also as ``python -m tlsprobe``."""

from __future__ import annotations

import sys
from typing import Final, NoReturn

from tlsprobe.errors import ShadowedPackageError
from tlsprobe.own_packages import check_own_packages

_EXIT_USAGE: Final = 2


def main() -> NoReturn:
    """Run the command line; exits with the command's code."""
    try:
        check_own_packages()
    except ShadowedPackageError as error:
        sys.stderr.write(f"tlsprobe: {error}\n")
        sys.exit(_EXIT_USAGE)
    from service.cli.main import main as run_command

    run_command()


if __name__ == "__main__":
    main()
