"""m2s new: the folder of a notification that works, with its tests, to be made into another one."""

from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

import click

from m2s_orchestration.errors import BadDeclaration, BadParameter
from m2s_orchestration.framework.declaration import check_name

EXAMPLE = "notify_something"
FOLDERS = {
    "notification": "m2s_orchestration/notifications",
    "unit": "m2s_orchestration_tests/unit/notifications",
    "integration": "m2s_orchestration_tests/integration/notifications",
}
NEXT = """\
Its tests pass as they are:
  make test TESTS="{tests}"
What is left to do, line by line:
  {list}: "{name}" in NAMES, where its hour is in the club's day
  README.md: | `{name}` | Mondays, 10:30 | who hears what |
  docs/kubernetes.md: | `{name}` | none | | | 600, 900 | 160Mi, 256Mi | 100m, 500m |
  make docs, which writes docs/notifications.md from the declarations
Then change query, evaluation, mails, demo data and tests to what it is about: CONTRIBUTING.md."""


@click.command()
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    show_default="the folder you are in",
    help="The checkout to write it to.",
)
def new(name: str, into: Path) -> None:
    """Make the folder of notification NAME, with a query, an evaluation, mails and tests."""
    try:
        check_name(name)
    except BadDeclaration as fault:
        raise BadParameter(str(fault)) from fault
    homes = {kind: into / folder for kind, folder in FOLDERS.items()}
    if missing := [str(home) for home in homes.values() if not home.is_dir()]:
        raise BadParameter(f"There is no folder {missing[0]}: run m2s new in the checkout's top.")
    if taken := [str(home / name) for home in homes.values() if (home / name).exists()]:
        raise BadParameter(f"{taken[0]} is there already: choose another name, or remove it.")
    for kind, home in homes.items():
        for file in _written(kind, home / name, name):
            click.echo(file)
    tests = " ".join(f"{FOLDERS[kind]}/{name}" for kind in ("unit", "integration"))
    listed = f"{FOLDERS['notification']}/__init__.py"
    click.echo(NEXT.format(name=name, tests=tests, list=listed))


def _written(kind: str, folder: Path, name: str) -> list[Path]:
    """Write the files of one folder; returns where they are."""
    folder.mkdir()
    written = []
    for template in sorted(_templates(kind), key=lambda item: item.name):
        file = folder / template.name.removesuffix(".new")
        text = template.read_text(encoding="utf-8").replace(EXAMPLE, name)
        file.write_text(text, encoding="utf-8")
        written.append(file)
    return written


def _templates(kind: str) -> list[Traversable]:
    folder = resources.files("m2s_orchestration.cli") / "new_notification" / kind
    return [item for item in folder.iterdir() if item.name.endswith(".new")]
