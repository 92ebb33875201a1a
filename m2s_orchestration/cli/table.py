"""Tables on a terminal."""

from collections.abc import Iterable, Sequence


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """Print rows under their heads, every cell whole."""
    # Not at the top: the command that runs a notification prints no table.
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        # As text: a server's answer may hold brackets, which would be taken for markup.
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    console = Console()
    # A pipe has no width of its own; nothing is cut there.
    if not console.is_terminal:
        console = Console(width=200)
    console.print(table)
