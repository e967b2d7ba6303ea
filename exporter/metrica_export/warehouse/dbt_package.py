"""The dbt package that is installed with this program."""

from pathlib import Path

from metrica_export.errors import SettingsError

PACKAGE = Path(__file__).parents[1] / "dbt_project"
"""The folder of the dbt package. Nothing is written into it."""

LINK = Path(".metrica/dbt_package")
"""The link to the package in a team's project, which its packages.yml names."""


def link_package(project: Path) -> Path:
    """Link the package into a team's dbt project and return the link; an older link is replaced.

    A path in packages.yml differs between machines and Python versions, so git ignores the link.
    Raises SettingsError if something else is at its place.
    """
    link = project / LINK
    if link.exists() and not link.is_symlink():
        raise SettingsError(f"{link} is not a link. Move it away and rerun.")
    try:
        link.parent.mkdir(exist_ok=True)
        link.unlink(missing_ok=True)
        link.symlink_to(PACKAGE.resolve(), target_is_directory=True)
    except OSError as error:
        raise SettingsError(
            f"Cannot create {link}: {error.strerror}. Correct the folder's rights and rerun."
        ) from None
    return link
