"""JSON as raw rows of text: one object a line, a list of objects, or documents with lists in them."""

from __future__ import annotations

from pathlib import Path

from features.errors import BadInput, printable
from pipeline.recipes import sql
from pipeline.recipes.csvrows import BLOCKS
from pipeline.recipes.decoding import Decoded
from pipeline.recipes.format import Reading
from pipeline.recipes.rawrows import Needs, Raw
from pipeline.recipes.sql import Workspace


def _json_path(name: str) -> str:
    """A dotted path as DuckDB writes it; digits are places in a list."""
    steps = [f"[{s}]" if s.isdigit() else '."' + s.replace('"', '\\"') + '"' for s in name.split(".")]
    return "$" + "".join(steps)


# Half of a surrogate pair is no character, and spoils the whole text for a JSON parser. Pairs are set aside under marks
# that JSON cannot hold, halves are replaced, and the pairs are put back.
_PAIR = r"'\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})'"
_MENDED = (
    f"replace(replace(regexp_replace(regexp_replace(j, {_PAIR}, chr(1) || '\\1' || chr(2) || '\\2', 'g'), "
    r"'\\u[dD][89a-fA-F][0-9a-fA-F]{2}', '\\ufffd', 'g'), chr(1), '\u'), chr(2), '\u')"
)


def stage_json(
    work: Workspace, path: Path, shown: str, rows: str, reading: Reading, needs: Needs, raw: Raw, known: str
) -> str:
    """SQL of the objects of a JSON file; what is no object is put into ``raw.refused``."""
    import duckdb

    text = Decoded(path, reading.encoding, reading.undecodable)
    objects = work.name("objects")
    inside = [n for n in needs.names if not n.startswith("/")]
    outside = [n for n in needs.names if n.startswith("/")]
    work.run("SET threads = 1")  # rows are numbered as they come
    try:
        if known == "jsonl":
            lines = work.file(".parquet")
            _write_lines(text, lines)
            work.run(
                f"CREATE TABLE {objects} AS SELECT row_number() OVER () AS r, line AS j "
                f"FROM read_parquet({sql.files([lines])})"
            )
        else:
            _load_document(work, text, objects, rows, outside, path)
        raw.replaced += text.replaced
        mended = _mend(work, objects)
        raw.replaced += mended
        return _json_values(work, objects, f"{shown}#{rows}" if rows else shown, path, inside, outside, needs, raw)
    except duckdb.Error as error:
        raise BadInput(
            str(path), expected="JSON", got=printable(str(error).splitlines()[0], 200), todo="Check the file."
        ) from error
    finally:
        text.close()
        work.reset_threads()


def _write_lines(text: Decoded, target: Path) -> None:
    """Lines that are not empty, one a row, of any length up to the largest block."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pyarrow import csv as pc

    schema = pa.schema([("line", pa.string())])
    try:
        reader = pc.open_csv(
            text,
            read_options=pc.ReadOptions(use_threads=False, block_size=BLOCKS[-1], column_names=["line"]),
            # No byte of UTF-8 text is 0x01 in valid JSON, so nothing is ever split.
            parse_options=pc.ParseOptions(delimiter="\x01", quote_char=False, newlines_in_values=False),
            convert_options=pc.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
        )
        with pq.ParquetWriter(target, schema, compression="lz4") as writer:
            for batch in reader:
                writer.write_batch(batch)
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):
            pq.write_table(schema.empty_table(), target)
            return
        raise BadInput(
            str(text.path), expected="one JSON object a line", got=printable(str(error), 200), todo="Check the file."
        ) from error


def _load_document(work: Workspace, text: Decoded, objects: str, rows: str, outside: list[str], path: Path) -> None:
    """Objects of a JSON file: the elements of its list, or of the list at ``rows`` of each document in it."""
    plain = work.file(".json")
    with plain.open("wb") as target:
        while block := text.read(1 << 20):
            target.write(block)
    with plain.open("rb") as file:
        start = file.read(1 << 16).lstrip()[:1]
    listed = start == b"["
    if not listed and not rows:
        raise BadInput(
            str(path),
            expected="a JSON list of objects",
            got="one object" if start == b"{" else printable(repr(start)),
            todo="Say `rows:` with the path of the list, or `format: jsonl` for one object a line.",
        )
    size = max(16 << 20, plain.stat().st_size + 16)
    if size >= 2**31:
        raise BadInput(
            str(path), expected="a JSON document below 2 GB", got=f"{size >> 20} MB", todo="Convert it to JSON lines."
        )
    source = (
        f"read_json_objects({sql.files([plain])}, format = '{'array' if listed else 'unstructured'}', "
        f"maximum_object_size = {size})"
    )
    if not rows:
        work.run(
            f"CREATE TABLE {objects} AS SELECT row_number() OVER () AS r, CAST(json AS VARCHAR) AS j FROM {source}"
        )
        return
    documents = work.name("documents")
    work.run(f"CREATE TABLE {documents} AS SELECT CAST(json AS VARCHAR) AS j FROM {source}")
    _mend(work, documents)
    at = sql.text(_json_path(rows))
    wrong = work.rows(
        f"SELECT left(j, 80), json_valid(j), CASE WHEN json_valid(j) THEN array_to_string(json_keys(j), ', ') END "
        f"FROM {documents} WHERE "
        f"CASE WHEN json_valid(j) THEN json_type(j, {at}) IS DISTINCT FROM 'ARRAY' ELSE TRUE END LIMIT 1"
    )
    if wrong:
        start_of, valid, keys = wrong[0]
        raise BadInput(
            str(path),
            expected=f"a list at {rows}",
            got=printable(f"keys {keys}" if valid else f"no JSON: {start_of}", 200),
            todo="Correct `rows:` in the recipe.",
        )
    roots = "".join(f", json_extract_string(j, {sql.text(_json_path(n[1:]))}) AS o{i}" for i, n in enumerate(outside))
    each = f"CAST(unnest(json_extract(j, {sql.text(_json_path(rows) + '[*]')})) AS VARCHAR)"
    work.run(
        f"CREATE TABLE {objects} AS SELECT row_number() OVER () AS r, * FROM "
        f"(SELECT {each} AS j{roots} FROM {documents})"
    )


def _mend(work: Workspace, objects: str) -> int:
    """Replace halves of surrogate pairs where they spoil an object; how many objects were mended."""
    spoilt = f"NOT json_valid(j) AND regexp_matches(j, '\\\\u[dD][89a-fA-F]') AND json_valid({_MENDED})"
    count = int(work.one(f"SELECT count(*) FROM {objects} WHERE {spoilt}"))
    if count:
        work.run(f"UPDATE {objects} SET j = {_MENDED} WHERE {spoilt}")
    return count


def _json_values(
    work: Workspace, objects: str, shown: str, path: Path, inside: list[str], outside: list[str], needs: Needs, raw: Raw
) -> str:
    """Text of every needed path; what is no object is refused, and a path that no object has is an error."""
    fine = "CASE WHEN json_valid(j) THEN json_type(j) = 'OBJECT' ELSE FALSE END"  # AND would look into both
    for row, start in work.rows(f"SELECT r, left(j, 200) FROM {objects} WHERE NOT ({fine}) ORDER BY r"):
        raw.refused.append((shown, row, "not_json", "it is no JSON object", start))
    valid = f"(SELECT * FROM {objects} WHERE {fine})"
    if inside and work.one(f"SELECT count(*) FROM {valid}"):
        has = ", ".join(f"bool_or(json_exists(j, {sql.text(_json_path(n))}))" for n in inside)
        there = {n for n, found in zip(inside, work.rows(f"SELECT {has} FROM {valid}")[0], strict=True) if found}
        keys = work.one(f"SELECT array_to_string(json_keys(j), ', ') FROM {valid} ORDER BY r LIMIT 1")
        for group in needs.groups:
            if not any(name in there or name in outside for name in group):
                raise BadInput(
                    str(path),
                    expected=f"a value {' or '.join(group)}",
                    got=printable(f"objects with keys {keys}", 300),
                    todo="Correct the path in the recipe; dots lead inside.",
                )
    values = []
    for name, column in raw.columns.items():
        value = (
            f"o{outside.index(name)}" if name in outside else f"json_extract_string(j, {sql.text(_json_path(name))})"
        )
        values.append(f"{value} AS {column}")
    return f"SELECT {sql.text(shown)} AS _file, r AS _row, {', '.join(values) or 'NULL AS _c'} FROM {valid}"
