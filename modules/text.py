"""Text that others wrote, such as labels and file names, made safe to show."""

import json
import re
from collections.abc import Iterable, Sequence

# What moves a terminal's cursor, ends a line, turns the direction of writing, or is no character:
# C0, DEL and C1 controls, line separators, the bidirectional controls of Unicode's annex 9, the
# deprecated controls and annotations after them, and lone surrogates.
_NOT_ONE_OF_A_LINE = (
    "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff"
)
_UNSAFE = re.compile(f"[\x00-\x1f{_NOT_ONE_OF_A_LINE}]")
# Of these, JSON's own encoder leaves all but the first 32 as they are.
_UNSAFE_IN_JSON = re.compile(f"[{_NOT_ONE_OF_A_LINE}]")

# An address in a sentence: scheme and user, host and path, query and fragment. What ends the
# sentence or its part belongs to no query.
_ADDRESS = re.compile(
    r"""([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?\#]*@)?"""
    r"""([^\s?\#"'<>]*)((?:[?\#][^\s"'<>]*)?)""",
    re.IGNORECASE,
)

# "(0) INVALID_ARGUMENT: " before one of several errors, and behind one the call that it came from.
_AROUND = re.compile(r"^\(\d+\) [A-Z_]+: | *\[Op:[^]]*\]")

# An address in a sentence: scheme and user, host and path, query and fragment. What ends the
# sentence or its part belongs to no query.
_ADDRESS = re.compile(
    r"""([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?\#]*@)?"""
    r"""([^\s?\#"'<>]*)((?:[?\#][^\s"'<>]*)?)""",
    re.IGNORECASE,
)
# What Markdown, GitHub's and its math and emoji included, would take for markup where it stands.
_MARKUP = re.compile(
    r"""[`*\[|~$]                                # code, emphasis, links, cells, math
    | \\(?=[!-/:-@\[-`{-~]|$)                   # an escape, also of what comes behind the text
    | (?<!\w)_+ | _+(?!\w)                      # emphasis, which words with a _ inside are not
    | :(?=[\w+-]*[a-z_+-][\w+-]*:|100:|1234:)        # emoji
    | :(?=//) | (?<=mailto): | (?<=xmpp): | (?<=www)\. | (?<=\S)@(?=\S)  # addresses
    | ^(?:\#{1,6}|[-+])(?=\s|$) | ^[-=]+$ | ^\d{1,9}[.)](?=\s|$)  # headings, lists, rules
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?=\#?\w+;)")
_HTML = str.maketrans({"<": "&lt;", ">": "&gt;"})


def printable(text: object) -> str:
    r"""The text on one line, with ``\x1b`` or ``\u202e`` for each character that is none to see.

    All other Unicode stays, joiners of emoji and scripts included. Done twice it is as done once.
    """
    return _UNSAFE.sub(_escaped, str(text))


def without_secrets(text: object) -> str:
    """The text, but for what may be a secret in the addresses in it.

    That is a user with a password, a query, in which signed addresses have their signature, and a
    fragment: of ``https://me:word@host/a?token=1`` it leaves ``https://host/a?…``.
    """
    return _ADDRESS.sub(_without, str(text))


def clipped(text: object, length: int = 300) -> str:
    """``printable``, and no longer than a part of a sentence should be: the rest is ``…``."""
    shown = printable(text)
    return shown if len(shown) <= length else f"{shown[:length]}…"


def counted(count: int, noun: str, plural: str = "") -> str:
    """``1 file``, ``3,781 files``; the plural is the noun with an ``s`` where none is given."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def quoted(names: Sequence[str], most: int = 5) -> str:
    """``'a', 'b' and 'c'``; of more than ``most`` the first, and how many more there are."""
    shown = [repr(clipped(name, 60)) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def cause(error: object, length: int = 300) -> str:
    """What went wrong, in a part of a sentence.

    TensorFlow's message stands on the line before the first operation, ``[[{{node …}}]]``; above it
    are headings and where the operation was defined. Other errors are put on one line, and what
    may be a secret in an address is left out.
    """
    before, operation, _ = str(error).partition("[[{{node")
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    said = lines[-1] if operation and lines else " ".join(str(error).split())
    return clipped(without_secrets(_AROUND.sub("", said)), length)


def printable_lines(lines: Iterable[object]) -> str:
    """Lines of text, joined, each of them ``printable``."""
    return "\n".join(map(printable, lines))


def markdown(text: object) -> str:
    """The text for a line or a cell of Markdown: it shows as it is, and starts no markup or HTML.

    Nothing is escaped that means nothing there, so that it can be read unrendered too: ``a_b: c``
    stays.
    """
    shown = _ENTITY.sub("&amp;", _MARKUP.sub(_backslashed, printable(text)))
    return shown.translate(_HTML)


class Markup(str):
    """Markdown, which ``markdown`` has to do with no more."""


def code(text: object) -> Markup:
    """The text for a line of Markdown as code, in which addresses stay as they are.

    What holds a backtick or begins HTML is given as ``markdown`` does.
    """
    shown = printable(text)
    if not shown.strip() or set("`<|") & set(shown):
        return Markup(markdown(shown))
    return Markup(f"`{shown.strip()}`")


def as_json(value: object, indent: int | None = None) -> str:
    """JSON in Unicode whose text holds no character that ``printable`` would escape.

    They are JSON's own escapes, so that who parses it gets the true text, lone surrogates included.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda hit: f"\\u{ord(hit[0]):04x}", text)


def _backslashed(hit: re.Match[str]) -> str:
    """``1.`` is escaped at its end, and a row of ``_`` at each."""
    marks = hit[0]
    if marks[0].isdigit():
        return f"{marks[:-1]}\\{marks[-1]}"
    return "".join(f"\\{mark}" for mark in marks)


def _without(hit: re.Match[str]) -> str:
    scheme, place, rest = hit.groups()
    end = rest[len(rest.rstrip(",.;:)]}")) :]
    return f"{scheme}{place}{rest[:1] + '…' if len(rest) > len(end) else ''}{end}"


def _escaped(hit: re.Match[str]) -> str:
    code = ord(hit[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
