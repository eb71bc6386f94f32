"""Tables for people. No identifier is ever cut: whoever reads one copies it into the next command.

On a narrow terminal names and remarks give way first, line by line; identifiers, codes and states stay whole, even
where a row is then longer than the terminal is wide. Into a pipe a row is one line, however long.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_GAP = 1
_LEAST = 8  # a name is not folded into less than this


def show_table(
    console: Console,
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    folding: Sequence[int] = (),
    dim: Sequence[int] = (),
) -> None:
    """`folding`: the columns, counted from 0, that may take several lines. `dim`: the rows that matter less."""
    widths = [max(map(cell_len, column)) for column in zip(headings, *rows, strict=True)]
    least = [min(width, _LEAST) if number in folding else width for number, width in enumerate(widths)]
    full, narrow = (sum(columns) + _GAP * len(columns) for columns in (widths, least))
    width = min(full, max(console.width, narrow)) if console.is_terminal else full
    table = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), width=width)
    for number, heading in enumerate(headings):
        table.add_column(heading, no_wrap=number not in folding, overflow="fold", min_width=least[number])
    for number, row in enumerate(rows):
        table.add_row(*row, style="dim" if number in dim else None)
    console.print(table, crop=False, soft_wrap=False, no_wrap=None)
