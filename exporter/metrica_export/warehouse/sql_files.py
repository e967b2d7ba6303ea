"""SQL files: Jinja templates, each beside the module that runs it."""

from functools import cache
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined


@cache
def _environment(package: str) -> Environment:
    folder = files(package)
    return Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - SQL: values are parameters or quoted by the caller
        trim_blocks=True,
        lstrip_blocks=True,
    )


def render(package: str, file: str, **values: str | int | bool) -> str:
    """Return the rendered SQL of `<file>.sql` in a package.

    A missing variable is an error. Values are SQL: the caller quotes names and literals.
    """
    return _environment(package).get_template(f"{file}.sql").render(values)
