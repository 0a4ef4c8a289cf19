"""Files of a part, whatever their format, as one relation of raw rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.recipes.csvrows import stage_csv
from pipeline.recipes.format import Part, Reading
from pipeline.recipes.jsonrows import stage_json
from pipeline.recipes.parquetrows import stage_parquet
from pipeline.recipes.rawrows import Needs, Raw, format_of
from pipeline.recipes.sql import Workspace


def stage(work: Workspace, folder: Path, paths: Sequence[Path], part: Part, reading: Reading, needs: Needs) -> Raw:
    """Raw text of every row of ``paths``; rows that are no rows (torn, no JSON) are listed in ``refused``."""
    base = folder if folder.is_dir() else folder.parent
    raw = Raw("", {name: f"_c{i}" for i, name in enumerate(needs.names)})
    pieces = []
    for path in paths:
        shown = path.relative_to(base).as_posix()
        match format_of(path, part):
            case "csv":
                pieces.append(stage_csv(work, path, shown, reading, needs, raw))
            case "parquet":
                pieces.append(stage_parquet(work, path, shown, needs, raw))
            case known:
                pieces.append(stage_json(work, path, shown, part.rows, reading, needs, raw, known))
    raw.relation = work.name("raw")
    work.run(f"CREATE VIEW {raw.relation} AS {' UNION ALL '.join(pieces)}")
    return raw
