"""The keys of a schema below its docstring: type, range, default and description of each."""

import inspect

from pydantic.fields import FieldInfo
from sphinx.application import Sphinx

from latentq.config.fields import Settings, describe_field, section_of

OURS = ("latentq", "baselines")


def escaped(text: str) -> str:
    """Returns a text in which no character means anything to reStructuredText."""
    return "".join(f"\\{letter}" if letter in "\\*`|_" else letter for letter in text)


def line_of(name: str, field: FieldInfo) -> str:
    """Returns the line on a key."""
    if section_of(field) is not None:
        return f"- ``{name}``: a section"
    default = "required" if field.is_required() else f"default ``{field.get_default()!r}``"
    about = escaped(f"{field.description or 'no description'} ({describe_field(field)}")
    return f"- ``{field.alias or name}``: {about}; {default})"


def keys_of(schema: type[Settings]) -> list[str]:
    """Returns the lines on the keys of a schema."""
    return ["", *(line_of(name, field) for name, field in schema.model_fields.items()), ""]


def _add_keys(
    app: Sphinx, what: str, name: str, found: object, options: object, lines: list[str]
) -> None:
    """Adds the keys to the docstring of a schema."""
    if what == "class" and isinstance(found, type) and issubclass(found, Settings):
        lines += keys_of(found)


def _skip_others(
    app: Sphinx, what: str, name: str, found: object, skip: bool, options: object
) -> bool | None:
    """Leaves out what pydantic adds to a class, and functions of other packages."""
    of_pydantic = what == "class" and name.startswith("model_")
    theirs = inspect.isroutine(found) and not str(getattr(found, "__module__", "")).startswith(
        OURS
    )
    return True if of_pydantic or theirs else None


def setup(app: Sphinx) -> dict[str, bool]:
    """Registers both."""
    app.connect("autodoc-process-docstring", _add_keys)
    app.connect("autodoc-skip-member", _skip_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
