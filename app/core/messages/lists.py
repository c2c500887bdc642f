"""A list: words with a button that opens up to ten rows, in one section or in several.

In: an agent's rows, or our menu. Out: a message within Meta's limits (whatsapp-cloud-api, 5.2). Only a row's id comes
back.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.core.messages.interactive import Footer, TextHeader
from app.core.messages.part import Part, Quoting, Written, first_repeated, unset

LIST_BODY_MAX = 4096
BUTTON_LABEL_MAX = 20
SECTIONS_MAX = 10
SECTION_TITLE_MAX = 24
ROW_ID_MAX = 200
ROW_TITLE_MAX = 24
ROW_DESCRIPTION_MAX = 72
ROWS_MAX = 10

ListBody = Annotated[str, Written, Field(max_length=LIST_BODY_MAX)]
ListButton = Annotated[str, Written, Field(max_length=BUTTON_LABEL_MAX)]
SectionTitle = Annotated[str, Written, Field(max_length=SECTION_TITLE_MAX)]


class Row(Part):
    """A row that can be tapped; only its id comes back."""

    id: Annotated[str, Written, Field(max_length=ROW_ID_MAX)]
    title: Annotated[str, Written, Field(max_length=ROW_TITLE_MAX)]
    description: Annotated[str, Field(max_length=ROW_DESCRIPTION_MAX)] = ""


def _ids_differ(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    twice = first_repeated(row.id for row in rows)
    if twice is not None:
        raise ValueError(f"the id {twice!r} stands in two rows; a tap could not be told apart")
    return rows


Rows = Annotated[tuple[Row, ...], Field(min_length=1, max_length=ROWS_MAX), AfterValidator(_ids_differ)]


class Section(Part):
    """Rows under a title, which only the one section of a list may lack."""

    title: SectionTitle | None = unset()
    rows: Annotated[tuple[Row, ...], Field(min_length=1, max_length=ROWS_MAX)]


def _fit_together(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    rows = tuple(row for section in sections for row in section.rows)
    if len(rows) > ROWS_MAX:
        raise ValueError(f"may have at most {ROWS_MAX} rows in all sections together, not {len(rows)}")
    if len(sections) > 1 and not all(section.title for section in sections):
        raise ValueError("each of several sections needs a title")
    _ids_differ(rows)
    return sections


Sections = Annotated[tuple[Section, ...], Field(min_length=1, max_length=SECTIONS_MAX), AfterValidator(_fit_together)]


class List(Quoting):
    """A text with a button that opens up to ten rows."""

    kind: Literal["list"] = "list"
    text: ListBody
    button: ListButton
    section: SectionTitle
    rows: Rows
    header: TextHeader | None = unset()
    footer: Footer | None = unset()

    @property
    def sections(self) -> tuple[Section, ...]:
        """The one section."""
        return (Section(title=self.section, rows=self.rows),)


class SectionedList(Quoting):
    """A list with its rows in several sections."""

    kind: Literal["list"] = "list"
    text: ListBody
    button: ListButton
    sections: Sections
    header: TextHeader | None = unset()
    footer: Footer | None = unset()
