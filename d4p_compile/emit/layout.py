"""Lists of words in generated code: on one line where they fit, else over several as a formatter would have it."""

from __future__ import annotations

#: The longest line of a generated stage.
WIDTH = 118
#: Words on a line where a statement is written several times, each with some of the words.
WORDS = 8


def wrapped(start: str, words: list[str], end: str = "", joint: str = ", ") -> list[str]:
    """`start + words joined + end`: on one line if it fits, else eight words a line or, in braces, one word a line.

    >>> wrapped("    nonlocal ", ["a", "b"])
    ['    nonlocal a, b']
    >>> wrapped("    ", ["a", "b"], " = 0", " = ")
    ['    a = b = 0']
    """
    one = start + joint.join(words) + end
    if not words:
        return [] if start.strip() == "nonlocal" else [one]
    if len(one) <= WIDTH:
        return [one]
    if start.endswith("{"):
        pad = " " * (len(start) - len(start.lstrip()))
        return [start, *(f"{pad}    {word}," for word in words), pad + end]
    return [start + joint.join(words[i : i + WORDS]) + end for i in range(0, len(words), WORDS)]


def broken(start: str, parts: list[str], end: str, width: int) -> list[str]:
    """A call or a dict on one line, or one part a line where that is too long.

    >>> broken("f(", ["a", "b"], ")", 9), broken("f(", ["a", "b"], ")", 6)
    (['f(a, b)'], ['f(', '    a,', '    b,', ')'])
    """
    one = f"{start}{', '.join(parts)}{end}"
    return [one] if len(one) <= width else [start, *(f"    {part}," for part in parts), end]


def filled(words: list[str], indent: int) -> str:
    """Words in brackets over several lines, indented by so many blanks, the last bracket by four fewer."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 2 <= WIDTH - indent:
            lines[-1] += f" {word},"
        else:
            lines.append(f"{word},")
    return "\n" + "\n".join(" " * indent + line for line in lines) + "\n" + " " * (indent - 4)
