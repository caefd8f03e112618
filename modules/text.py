"""Makes text from other sources, such as labels and file names, safe to show."""

import json
import re
import shlex
from collections.abc import Iterable, Sequence

# Characters that move a terminal's cursor, end a line or change the direction of writing, and code
# points that are no characters: C0, DEL and C1 controls, line separators, the bidirectional
# controls of Unicode's annex 9, the deprecated controls and annotations after them, and lone
# surrogates.
_NOT_IN_A_LINE = "\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\ud800-\udfff"
_UNSAFE = re.compile(f"[\x00-\x1f{_NOT_IN_A_LINE}]")
# Of these, JSON's own encoder escapes only the first 32.
_UNSAFE_IN_JSON = re.compile(f"[{_NOT_IN_A_LINE}]")

# TensorFlow's "(0) INVALID_ARGUMENT: " before one of several errors, and the operation after it.
_TENSORFLOW_FRAME = re.compile(r"^\(\d+\) [A-Z_]+: | *\[Op:[^]]*\]")

# An address in a sentence: scheme and user, host and path, query and fragment. Punctuation that
# ends the sentence, or a part of it, is not part of the query.
_ADDRESS = re.compile(
    r"""([a-z][a-z0-9+.-]{0,20}://)(?:[^\s/?\#]*@)?"""
    r"""([^\s?\#"'<>]*)((?:[?\#][^\s"'<>]*)?)""",
    re.IGNORECASE,
)
# What Markdown, with GitHub's extensions, math and emoji, would interpret as markup.
_MARKUP = re.compile(
    r"""[`*\[|~$]                                # code, emphasis, links, cells, math
    | \\(?=[!-/:-@\[-`{-~]|$)                   # an escape, also of what follows the text
    | (?<!\w)_+ | _+(?!\w)                      # emphasis, but not a _ within a word
    | :(?=[\w+-]*[a-z_+-][\w+-]*:|100:|1234:)        # emoji
    | :(?=//) | (?<=mailto): | (?<=xmpp): | (?<=www)\. | (?<=\S)@(?=\S)  # addresses
    | ^(?:\#{1,6}|[-+])(?=\s|$) | ^[-=]+$ | ^\d{1,9}[.)](?=\s|$)  # headings, lists, rules
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?=\#?\w+;)")
_HTML = str.maketrans({"<": "&lt;", ">": "&gt;"})


def printable(text: object) -> str:
    r"""Returns the text on one line, with invisible characters escaped, as ``\x1b`` or ``\u202e``.

    All other Unicode stays, joiners of emoji and scripts included. The function is idempotent.
    """
    return _UNSAFE.sub(_escaped, str(text))


def without_secrets(text: object) -> str:
    """Returns the text without possible secrets in addresses.

    These are a user with a password, a query, where signed addresses have their signature, and a
    fragment: ``https://me:word@host/a?token=1`` becomes ``https://host/a?…``.
    """
    return _ADDRESS.sub(_without, str(text))


def clipped(text: object, length: int = 300) -> str:
    """Returns the ``printable`` text, with ``…`` in place of what exceeds the length."""
    shown = printable(text)
    return shown if len(shown) <= length else f"{shown[:length]}…"


def counted(count: int, noun: str, plural: str = "") -> str:
    """Returns ``1 file`` or ``3,781 files``; without ``plural``, the noun gets an ``s``."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def quoted(names: Sequence[str], most: int = 5) -> str:
    """Returns ``'a', 'b' and 'c'``; of more than ``most`` names, the first and how many more."""
    shown = [repr(clipped(name, 60)) for name in names[:most]]
    if len(names) > most:
        return f"{', '.join(shown)} and {len(names) - most:,} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def cause(error: object, length: int = 300) -> str:
    """Returns an error's cause as a part of a sentence.

    TensorFlow's message is on the line before the first operation, ``[[{{node …}}]]``; above it are
    headings and the place where the operation was defined. Other errors are put on one line.
    Possible secrets in addresses are left out.
    """
    before, operation, _ = str(error).partition("[[{{node")
    lines = [line.strip() for line in before.splitlines() if line.strip()]
    message = lines[-1] if operation and lines else " ".join(str(error).split())
    return clipped(without_secrets(_TENSORFLOW_FRAME.sub("", message)), length)


def shell_word(text: str) -> str:
    r"""Quotes the text as one word of a command that is shown, for sh.

    Text that would be changed where it is shown (by ``printable`` or ``without_secrets``) takes the
    form ``$'\xe2\x80\xae'`` of bash and zsh.
    """
    shown = without_secrets(printable(text))
    if shown == text:
        return shlex.quote(text)
    marked = text.replace("\\", r"\\").replace("'", r"\'").replace(":", r"\x3a")
    return f"$'{_UNSAFE.sub(_as_bytes, marked)}'"


def printable_lines(lines: Iterable[object]) -> str:
    """Joins lines of text, each made ``printable``."""
    return "\n".join(map(printable, lines))


def markdown(text: object) -> str:
    """Escapes the text for a line or a cell of Markdown, where it shows as it is.

    Only what would be markup or HTML there is escaped, so that it is readable unrendered too:
    ``a_b: c`` stays.
    """
    shown = _ENTITY.sub("&amp;", _MARKUP.sub(_backslashed, printable(text)))
    return shown.translate(_HTML)


class Markup(str):
    """Text that is Markdown already, and must not be escaped again."""


def code(text: object) -> Markup:
    """Formats the text as code for a line of Markdown; addresses in it stay as they are.

    Text with a backtick, or with characters of HTML or tables, is escaped by ``markdown`` instead.
    """
    shown = printable(text)
    if not shown.strip() or set("`<|") & set(shown):
        return Markup(markdown(shown))
    return Markup(f"`{shown.strip()}`")


def as_json(value: object, indent: int | None = None) -> str:
    """Returns JSON in Unicode, without any character that ``printable`` would escape.

    Such characters are written as JSON's own escapes, so that a parser returns the original text,
    lone surrogates included.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _backslashed(match: re.Match[str]) -> str:
    """Escapes ``1.`` before its point, and any other marks one by one."""
    marks = match[0]
    if marks[0].isdigit():
        return f"{marks[:-1]}\\{marks[-1]}"
    return "".join(f"\\{mark}" for mark in marks)


def _without(match: re.Match[str]) -> str:
    scheme, place, rest = match.groups()
    end = rest[len(rest.rstrip(",.;:)]}")) :]
    return f"{scheme}{place}{rest[:1] + '…' if len(rest) > len(end) else ''}{end}"


def _as_bytes(match: re.Match[str]) -> str:
    return "".join(f"\\x{byte:02x}" for byte in match[0].encode(errors="surrogatepass"))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
