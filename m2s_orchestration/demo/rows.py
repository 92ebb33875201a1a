"""What the demo club is made of: rows by table, each a column's name and its value."""

from __future__ import annotations

Row = dict[str, object]
Rows = dict[str, list[Row]]
