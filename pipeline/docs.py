"""Pages and files that are printed from declarations: ``python -m pipeline.docs`` writes them, a test compares them."""

from __future__ import annotations

from pipeline.dvcyaml import PROJECT
from pipeline.files import write_all
from pipeline.stage import resolve

# File -> the function that prints it.
PRINTED = {
    "dvc.yaml": "pipeline.dvcyaml:dvc_yaml",
    "docs/settings.md": "pipeline.settingsdoc:settings_markdown",
    "docs/tables.md": "pipeline.recipes.tablesdoc:tables_markdown",
    "docs/features.md": "features.catalogue:catalogue_markdown",
}


def main() -> None:
    """Write every printed file again."""
    write_all({PROJECT / path: resolve(function)() for path, function in PRINTED.items()})


if __name__ == "__main__":
    main()
