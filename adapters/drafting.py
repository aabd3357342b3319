"""`run.py init`: a first declaration from a user's own table."""

import re
from pathlib import Path

import pyarrow as pa

from adapters.declaration import FILE, load
from adapters.sources import read
from adapters.warehouse import query
from lifecycle.data.cast import plain
from lifecycle.data.conform import require_distinct_names
from lifecycle.data.declaration import TableSource
from lifecycle.errors import ProjectError
from lifecycle.project.drafting import draft_target, draft_text, rewrite

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


def draft(path: Path | str, target: str, *, name: str, folder: Path | None = None) -> str:
    """Write a commented declaration for a table.

    Parameters
    ----------
    path
        A csv or parquet file, a folder of parquet files, or any URL a declaration may hold.
    target
        The column to predict.
    folder
        Where the declaration will lie; the path of the table is written relative to it if the
        table lies below the same root, else in full.

    Raises
    ------
    ProjectError
        If the target is not there, or nothing can be learnt to predict it.
    SourceError
        If the table cannot be read.
    """
    table = slug(Path(str(path)).name.split(".")[0])
    raw, refused = _read(_absolute(path), table)
    question = draft_target(raw, target)
    rewriting = rewrite(raw, question)
    sql = rewriting.query(table)
    rows = query(sql, {table: raw}) if sql else raw
    labelled = rows.filter(plain(rows[target]).is_valid())
    return draft_text(
        labelled,
        question,
        arrived=len(raw),
        refused=refused,
        name=name,
        table=table,
        url=_declared(path, folder),
        query=sql,
    )


def init(path: Path | str, target: str, *, name: str | None = None, root: Path) -> Path:
    """Draft a project into `projects/<name>/`, and give its file.

    Raises
    ------
    ProjectError
        If there is such a project already (nothing is ever written over), or the table cannot
        be declared.
    """
    chosen = name if name is not None else slug(Path(str(path)).name.split(".")[0])
    if not NAME.fullmatch(chosen):
        raise ProjectError(
            f'"{chosen}" cannot be a project\'s name: a letter, then letters, digits, - or _. '
            f'For example "{slug(chosen)}".'
        )
    folder = root / "projects" / chosen
    if folder.exists():
        raise ProjectError(
            f'There is a project "{chosen}" already ({folder}), and it is not written over. '
            "Give the new one another name with --name."
        )
    text = draft(path, target, name=chosen, folder=folder)
    folder.mkdir(parents=True)
    file = folder / FILE
    file.write_text(text, encoding="utf-8")
    load(str(file), root=root)
    return file


def slug(text: str) -> str:
    """Make a name of any text.

    Examples
    --------
    >>> slug("My data (1)"), slug("2013 flights"), slug("日本")
    ('my_data_1', 't_2013_flights', 'table_1')
    """
    words = re.findall(r"[a-z0-9]+", text.lower())
    name = "_".join(words)[:60].rstrip("_")
    if not name:
        return "table_1"
    return name if name[0].isalpha() else f"t_{name}"


def _absolute(path: Path | str) -> str:
    return str(path) if "://" in str(path) else str(Path(path).expanduser().resolve())


def _declared(path: Path | str, folder: Path | None) -> str:
    """Give the URL to declare: relative to the project where both lie below one root."""
    url = _absolute(path)
    root = folder.resolve().parent.parent if folder is not None else None
    if "://" in url or root is None or not Path(url).is_relative_to(root):
        return url
    return str(Path("..", "..", Path(url).relative_to(root)))


def _read(url: str, name: str) -> tuple[pa.Table, int]:
    found = read(TableSource(url=url), name=name, home=Path.cwd())
    table = found.table if isinstance(found.table, pa.Table) else found.table.to_table()
    require_distinct_names(table)
    return table, found.intake.refused
