"""Writing a small dbt project of a team's own, which uses the installed package."""

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from metrica_export.errors import SettingsError
from metrica_export.warehouse.dbt_package import link_package
from metrica_export.warehouse.dbt_profile import PROFILES_FILE

_UTM = {
    "generic": "utm_source",
    "bitrix24": "UTM_SOURCE",
    "amocrm": "utm_source",
    "retailcrm": "utm_source",
    "hubspot": "hs_analytics_source",
}
"""The field with the source of an order's visit, by CRM."""


def write_project(folder: Path, crm: str, warehouse: str) -> list[Path]:
    """Write the project's files and the link to the package, and return the names of the files.

    Raises SettingsError, and writes nothing, if one of the files exists.
    """
    texts = _texts(crm, warehouse)
    present = sorted(str(file) for file in texts if os.path.lexists(folder / file))
    if present:
        raise SettingsError(
            f"{folder.resolve()} already has {', '.join(present)}. `init` overwrites nothing and "
            "wrote no file. Move these away, or name another folder."
        )
    try:
        for file, text in texts.items():
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"Cannot write {error.filename}: {error.strerror}. Correct its rights and rerun."
        ) from None
    link_package(folder)
    return list(texts)


def _texts(crm: str, warehouse: str) -> dict[Path, str]:
    """Return the text of each file of the project.

    A folder of templates with the CRM's name has files for this CRM only.
    """
    # dbt's own templates stay as they are.
    templates = Environment(
        loader=PackageLoader("metrica_export", "project_templates"),
        autoescape=False,  # noqa: S701 - YAML and SQL, made of a fixed list of names
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    settings = ("dbt_project.yml", "packages.yml", "metrica.yml")
    names = {name: name for name in (*settings, "README.md")}
    # A file `.gitignore` among the templates would apply to them.
    names |= {".gitignore": "gitignore", PROFILES_FILE: f"profiles/{warehouse}.yml"}
    own = f"{crm}/"
    names |= {
        name.removeprefix(own): name for name in templates.list_templates() if name.startswith(own)
    }
    return {
        Path(file): templates.get_template(name).render(crm=crm, utm=_UTM[crm])
        for file, name in names.items()
    }
