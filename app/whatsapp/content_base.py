"""What all contents of messages have in common: they take whatever Meta sends and keep what they know.

In: a JSON object of a webhook. Out: a frozen model, and a JSON object without what was not there. A part that is
missing, of another type or out of range is left out; nothing here raises, and unknown parts are passed over.
"""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo, field_validator
from pydantic.functional_validators import ModelWrapValidatorHandler

WHOLE_MAX = 2**53
"""The largest whole number every reader of JSON keeps exactly."""

LEVELS_MAX = 64
"""How deep JSON out of a text may be nested: far more than a form needs, far less than can be written again."""


def _objects(value: Any) -> list[Any]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


Said = Annotated[str, Field(min_length=1)] | None
"""A text; an empty one counts as missing."""

Whole = Annotated[int, Field(ge=0, le=WHOLE_MAX)] | None
Number = float | None
Objects = BeforeValidator(_objects)
"""Before a tuple of models: whatever is no object is passed over, the others stay."""


class Part(BaseModel):
    """Something of a message; every field may be missing."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False, use_attribute_docstrings=True)

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_left_out(cls, value: Any, handler: ModelWrapValidatorHandler[Any], info: ValidationInfo) -> Any:
        try:
            return handler(value)
        except ValidationError:
            return cls.model_fields[str(info.field_name)].get_default(call_default_factory=True)

    @classmethod
    def read(cls, data: object) -> Self:
        """The part a JSON value describes; an empty one when it is no object."""
        return cls.model_validate(data if isinstance(data, dict) else {})

    def to_dict(self) -> dict[str, Any]:
        """The part as JSON, without what is missing."""
        return self.model_dump(mode="json", exclude_defaults=True)


class Problem(Part):
    """One of Meta's errors: decide on `code`, show `details` (whatsapp-cloud-api, chapter 4)."""

    code: Whole = None
    title: Said = None
    details: Said = None


class Content(Part):
    """What a message of some type holds."""

    errors: Annotated[tuple[Problem, ...], Objects] = ()
    """What Meta could not deliver of it, as in 131051 (not supported) or 131052 (cannot be downloaded)."""

    @property
    def words(self) -> str:
        """What a reader should see; empty when there is nothing to read."""
        return ""


def flat_error(error: dict[str, Any]) -> dict[str, Any]:
    """Meta's error in one shape: older ones have the details elsewhere, newer ones will call the title `message`."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    title = error.get("title") or error.get("message")
    return {**error, "title": title, "details": details or error.get("details")}


def flat_errors(errors: object) -> list[dict[str, Any]]:
    """Every error of a list that may be none."""
    return [flat_error(error) for error in _objects(errors)]


def is_deep(value: Any) -> bool:
    """Whether JSON is nested deeper than `LEVELS_MAX`."""
    level = [value]
    for _ in range(LEVELS_MAX):
        level = [inner for holder in level for inner in _inside(holder)]
        if not level:
            return False
    return True


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
