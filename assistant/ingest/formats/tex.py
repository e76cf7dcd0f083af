"""LaTeX, as it is meant to be seen: headings, lists, tables, code and paragraphs.

Accents are composed, and commands that say only how a text looks are taken out. Formulas stay as
they are written. Comments, and files that are included, are left out, the latter with a warning.
The text is not the file's own, so there is no `locate`. `DocumentUnreadable` is raised for binary
data.
"""

import re
import unicodedata
from dataclasses import dataclass, field

from assistant.ingest.decode import decode
from assistant.ingest.formats.blocks import Blocks, Written
from assistant.ingest.formats.parsed import DEFAULT_LIMITS, Limits, Parsed
from assistant.values import Role

_ACCENTS = {
    "`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304",
    ".": "\u0307", "u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "k": "\u0328",
    "r": "\u030a", "d": "\u0323", "b": "\u0331",
}  # fmt: skip
_TEX_LETTERS = {
    "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "OE": "Œ", "aa": "å", "AA": "Å", "o": "ø", "O": "Ø",
    "l": "ł", "L": "Ł", "i": "i", "j": "j", "dots": "…", "ldots": "…", "textbackslash": "\\",
    "S": "§", "P": "¶", "copyright": "©", "pounds": "£", "euro": "€", "texteuro": "€",
    "LaTeX": "LaTeX", "TeX": "TeX", "textendash": "–", "textemdash": "—", "textquoteright": "’",
    "quad": " ", "qquad": " ", "newline": " ", "textregistered": "®",
    "texttrademark": "™", "degree": "°",
}  # fmt: skip
_TEX_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%[^\n]*(?:\n[ \t]*)?")
_TEX_ACCENT = re.compile(
    r"\\([`'^~\"=.])\s*(?:\{\s*\\?([A-Za-z])\s*\}|\\?([A-Za-z]))"
    r"|\\([uvHckrdb])(?:\s*\{\s*\\?([A-Za-z])\s*\}|\s+([A-Za-z]))"
)
_TEX_ESCAPED = re.compile(r"\\([%&#_${}])")
_TEX_DROPPED = re.compile(
    r"\\(?:label|index|vspace|hspace|bibliographystyle|bibliography|pagestyle|thispagestyle|setlength"
    r"|setcounter|usepackage|documentclass|includegraphics|input|include|newcommand|renewcommand"
    r"|hypersetup|graphicspath|addbibresource|vskip|hskip|phantom|centering|noindent|maketitle"
    r"|tableofcontents|clearpage|newpage|toprule|midrule|bottomrule|hline|cline|cmidrule|small|large"
    r"|footnotesize|bigskip|medskip|smallskip|par|protect|appendix|printbibliography)(?![A-Za-z])\*?"
    r"(?:\s*\[[^\[\]]*\])*(?:\{[^{}]*\})*"
)
_TEX_CITED = re.compile(
    r"~?\\(?:cite|ref|eqref|autoref|cref|pageref)\w*\*?(?:\[[^\[\]]*\])*\{([^{}]*)\}"
)
_TEX_LINK = re.compile(r"\\href\{[^{}]*\}\{([^{}]*)\}")
_TEX_NAME = re.compile(r"\\([A-Za-z]+)\*?(?:\[[^\[\]]*\])?\s?(?:\{\})?")
_TEX_PART = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph|title|author|date|caption|footnote"
    r"|item|begin|end)(?![A-Za-z])\*?\s*(\[[^\[\]]*\])?|(?<!\\)(?:\\\\)*%[^\n]*"
)
"""A command that parts the text, or a comment, in which there are none."""
_TEX_LEVELS = {
    "title": 1, "part": 1, "chapter": 1, "section": 2, "subsection": 3, "subsubsection": 4,
    "paragraph": 5,
}  # fmt: skip
_TEX_INCLUDED = re.compile(r"\\(?:input|include)\{")
_TEX_CODE = ("verbatim", "lstlisting", "minted", "Verbatim")
_TEX_MATHS = ("equation", "align", "gather", "multline", "eqnarray", "displaymath", "math")
_TEX_TABLES = ("tabular", "tabularx", "longtable", "array", "tabulary")
_TEX_WIDE_TABLES = ("tabularx", "tabulary")
"""Of them, those whose width stands before their columns."""
_TEX_SPANNING = re.compile(
    r"\\(?:multicolumn\s*\{[^{}]*\}\s*\{(?:[^{}]|\{[^{}]*\})*\}"
    r"|multirow\s*(?:\[[^\[\]]*\])?\{[^{}]*\}\s*(?:\[[^\[\]]*\])?\{[^{}]*\})"
)
"""What stands before the text of a cell that reaches over others."""


def parse(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Parsed:
    """Return the text of LaTeX."""
    decoded = decode(data)
    reader = _TexReader(Written(Blocks(limits.max_chars), _write_tex))
    head, begun, body = decoded.text.partition("\\begin{document}")
    if begun:
        head = _TEX_COMMENT.sub(r"\1", head)
        for name in ("title", "author", "date"):
            if found := re.search(rf"\\{name}(?:\[[^\]]*\])?(?=\{{)", head):
                text, _ = _argument(head, found.end())
                reader.written.add(text, int(name == "title"))
        body = body.partition("\\end{document}")[0]
    else:
        body = head
    reader.read(body)
    reader.written.n_included = len(_TEX_INCLUDED.findall(_TEX_COMMENT.sub(r"\1", body)))
    return reader.written.finish(decoded.warning)


@dataclass(slots=True)
class _TexReader:
    """Reads the body of a LaTeX document."""

    written: Written
    lists: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, body: str) -> None:
        """Add all of a body; footnotes follow the paragraph that refers to them."""
        begin = position = 0
        while part := _TEX_PART.search(body, position):
            position = part.end()
            if part[1]:
                self._add_text(body[begin : part.start()])
                begin = position = self._read_part(part, body)
        self._add_text(body[begin:])
        self._end()

    def _read_part(self, part: re.Match[str], body: str) -> int:
        """Read a command that parts the text, and return where it ends."""
        name = part[1]
        if name == "item":
            kind, number = self.lists.pop() if self.lists else ("itemize", 0)
            self.lists.append((kind, number + 1))
            self._end()
            label = f"{part[2][1:-1]}: " if part[2] else ""
            marker = f"{number + 1}. " if kind == "enumerate" else ""
            self.written.begin(len(self.lists), marker, label)
            return part.end()
        argument, end = _argument(body, part.end())
        if name == "footnote":
            self.notes.append(argument)
        elif name in ("begin", "end"):
            return self._read_environment(name, argument, body, end)
        else:
            self._end()
            role = Role.CAPTION if name == "caption" else Role.PARAGRAPH
            self.written.add(argument, _TEX_LEVELS.get(name, 0), role)
        return end

    def _read_environment(self, name: str, kind: str, body: str, position: int) -> int:
        plain = kind.rstrip("*")
        if name == "end":
            self._end()
            if plain in ("itemize", "enumerate", "description") and self.lists:
                self.lists.pop()
            return position
        if plain in (*_TEX_CODE, *_TEX_MATHS, *_TEX_TABLES, "comment", "tikzpicture"):
            close = f"\\end{{{kind}}}"
            end = body.find(close, position)
            end = len(body) if end < 0 else end
            held = body[position:end]
            self._end()
            if plain in _TEX_CODE:
                self.written.add_code(re.sub(r"^\[[^\]]*\]", "", held).split("\n"))
            elif plain in _TEX_MATHS:
                self.written.blocks.add(held)
            elif plain in _TEX_TABLES:
                self._add_table(held, is_wide=plain in _TEX_WIDE_TABLES)
            return end + len(close)
        if plain in ("itemize", "enumerate", "description"):
            self._end()
            self.lists.append((plain, 0))
        elif plain not in ("document", "abstract"):
            self._end()
        return _after_options(body, position)

    def _add_table(self, held: str, *, is_wide: bool) -> None:
        held = _TEX_COMMENT.sub(r"\1", held)
        start = 0
        for _ in range(1 + is_wide):
            _, start = _argument(held, _after_options(held, start))
        source = _TEX_SPANNING.sub("", _TEX_DROPPED.sub("", held[start:]))
        lines = (line for line in re.split(r"\\\\(?:\[[^\]]*\])?", source) if line.strip())
        rows = [re.split(r"(?<!\\)&", line) for line in lines]
        self.written.add_table(rows, has_names=False)

    def _add_text(self, text: str) -> None:
        text = _TEX_COMMENT.sub(r"\1", text)
        first, *rest = re.split(r"\n[ \t]*\n\s*", text)
        if first.strip():
            self.written.lines.append(first)
        for paragraph in rest:
            self._end()
            if paragraph.strip():
                self.written.lines.append(paragraph)

    def _end(self) -> None:
        self.written.end()
        notes, self.notes = self.notes, []
        for note in notes:
            self.written.add(note, role=Role.NOTE)


def _after_options(body: str, position: int) -> int:
    """Return the place behind options in brackets."""
    found = re.compile(r"\s*(?:\[[^\[\]]*\]\s*)+").match(body, position)
    return found.end() if found else position


MAX_ARGUMENT_CHARS, MAX_BRACES = 4_000, 30
"""Of what a command is about: its length, and how many braces lie inside each other."""


def _argument(text: str, position: int) -> tuple[str, int]:
    """Return what stands in the braces at a place, and where they end; nothing where none are."""
    found = re.compile(r"\s*\{").match(text, position)
    if found is None:
        return "", position
    depth = 0
    for brace in re.compile(r"(?<!\\)[{}]").finditer(text, found.end() - 1):
        depth += 1 if brace[0] == "{" else -1
        if depth > MAX_BRACES or brace.start() - found.end() > MAX_ARGUMENT_CHARS:
            break
        if not depth:
            return text[found.end() : brace.start()], brace.end()
    return "", found.end()


def _write_tex(text: str) -> str:
    r"""Return a piece of LaTeX as text: accents composed, marks taken out, formulas as they are.

    >>> _write_tex(r"Caf\'e: \emph{50\,\%} --- see~\cite{ray}")
    'Café: 50 % — see [ray]'
    """
    pieces = re.split(
        r"((?<!\\)\$[^$]{1,1000}(?<!\\)\$|\\\(.{1,1000}?\\\)|\\\[.{1,2000}?\\\])", text, flags=re.S
    )
    return "".join(
        piece if number % 2 else _write_prose(piece) for number, piece in enumerate(pieces)
    )


def _write_prose(text: str) -> str:
    text = _TEX_CITED.sub(lambda m: f" [{m[1]}]" if "cite" in m[0] else f" {m[1]}", text)
    text = _TEX_LINK.sub(r"\1", text)
    text = _TEX_DROPPED.sub("", text)
    text = _TEX_ACCENT.sub(_compose, text)
    text = re.sub(r"\\[,;: ]|(?<!\\)~", " ", text)
    text = re.sub(r"\\[!/@-]|\\\\(?:\[[^\]]*\])?", " ", text) if "\\" in text else text
    text = _TEX_ESCAPED.sub(lambda m: chr(0xE000 + ord(m[1])), text)
    text = _TEX_NAME.sub(lambda m: _TEX_LETTERS.get(m[1], ""), text)
    text = re.sub(r"[{}]", "", text).replace("---", "—").replace("--", "–")
    text = text.replace("``", "“").replace("''", "”")
    return re.sub(r"[\ue000-\ue07f]", lambda m: chr(ord(m[0]) - 0xE000), text)


def _compose(match: re.Match[str]) -> str:
    accent, letter = (
        match[1] or match[4],
        next(filter(None, match.groups()[1:3] + match.groups()[4:])),
    )
    return unicodedata.normalize("NFC", letter + _ACCENTS[accent])
