"""Lines of forms, talks, letters and mails: what they tell, and what says nothing by itself.

In: lines, or a question. Out: label and value of a line; which lines of a form tell what is asked,
and which only name what it is asked of; which lines reply to it; whether a line is a header, a
salutation, a closing or a name, or whether a question asks for what these tell.
"""

import re
from collections.abc import Collection, Sequence
from typing import NamedTuple

from assistant.text.exact import find_exact
from assistant.text.operations import TOTALS
from assistant.text.terms import DEFAULT, fold, query_terms, terms
from assistant.text.words import CAPITALISED, NAME

MAX_COURTESY_CHARS = 60
"""A longer line says more than whom it greets."""
MAX_NAME_WORDS = 4
"""Of what a code belongs to, with it: "Contract of lease 88/12"."""
MIN_FIELDS = 3
"""Lines with a label that make a form."""
MAX_FIELD_CHARS = 240
MAX_TITLE_WORDS = 5
"""A line of a form without a label that has more words says something."""
_FIELD = re.compile(
    r"([^:\n]{1,40}?)(?::\s+|[ \t]*\.{3,}[ \t]*|[ \t]{2,}(?=\W{0,2}\d|[A-Z]{3} \d))(\S.*)"
)
_WORD_OF_NAME = re.compile(rf"{CAPITALISED}\W?|&|of|the|de|der|von|du")
_MEASURES = re.compile(r"\W{0,3}\d[\d.,]*\s?(?!\d)\w")
_TOTALS = "total totals sum summe gesamtsumme gesamtbetrag totale suma soma somme montant".split()
"""What a question calls the line of a form that sums up others, whatever that is called there."""
_CHOOSES = re.compile(r"\b(?:which|what|welche\w*|quel\w*|cual\w*|que|quale?|quais) (\w+)")
_ASKS = re.compile(
    r"\b(?:who|whom|whose|what|which|when|where|why|how|we[rnm]|wessen|was|wann|wo|warum|wie\w*"
    r"|welche\w*|qui|que|quoi|quand|ou|pourquoi|comment|combien|quel\w*|quien\w*|cuando|donde|como"
    r"|cuant\w*|cual\w*|chi|che|quando|dove|perche|come|quant\w*|qual\w*|quem|onde)\b"
)
_HEADER = re.compile(r"(?:From|To|Cc|Date|Subject): ")
_OF_MAIL = re.compile(
    r"\b(?:e-?mails?|mails?|messages?|sent|send|sends|sender|wrote|write|written|recipient|subject"
    r"|dated?|when|whom|address|about|geschickt|gesendet|schrieb|geschrieben|absender|betreff|datum"
    r"|wann|adresse|envoye\w*|ecrit\w*|expediteur|objet|quand|enviado|escri\w+|remitente|asunto"
    r"|fecha|cuando|correo|inviato|scritto|mittente|oggetto|quando|enviou|escreveu|remetente"
    r"|assunto|data)\b"
)
_NAMED = r"(?: (?:[^\W\d][\w’'-]*\.?|&|/)){0,6}"
_SALUTATION = re.compile(
    r"(?:(?:hello|hi|hey|good (?:morning|afternoon|evening)|hallo|moin|servus|gruezi|gruss gott"
    r"|guten (?:morgen|tag|abend)|bonjour|bonsoir|salut|hola|buen(?:os|as) (?:dias|tardes|noches)"
    r"|ciao|buon ?giorno|buona ?sera|ola|bom dia|boa (?:tarde|noite)|hoi"
    rf"|goede(?:morgen|middag|navond))\b,?{_NAMED} ?[,:!]"
    r"|(?:dear|to whom it may concern|lieber?|liebes|werte[rs]?|sehr geehrte[rs]?|chere?s?"
    r"|(?:mesdames|messieurs|madame|monsieur),?|estimad[oa]s?|querid[oa]s?|muy senor(?:es)? mios?"
    r"|salve|gentil[ei]|gentilissim[oaie]|egregi[oa]?|spett(?:\.(?:le)?|abile)|car[oaie]|prezad[oa]s?"
    rf"|beste|geachte|lieve)(?!\w){_NAMED} ?[,:])"
)
_CLOSING = re.compile(
    r"(?:(?:with )?(?:kind|best|warm|many)(?:est)? (?:regards|wishes|thanks)|regards|best|cheers"
    r"|yours(?: \w+)?|sincerely(?: yours)?|all the best|thanks|thank you"
    r"|(?:mit )?(?:(?:freundliche|beste|liebe|herzliche|schone|viele)[nmrs]? )?"
    r"gruss(?:e|en)?(?: \w+ \w+)?|lg|vg|mfg|danke|vielen dank|bis (?:bald|dann)"
    r"|(?:bien )?(?:cordialement|amicalement|sincerement)|salutations(?: \w+)?|bien a vous|merci"
    r"|(?:un )?(?:cordial |atento )?saludos?(?: cordial(?:es)?)?|atentamente|(?:un )?abrazo|gracias"
    r"|(?:(?:cordiali|distinti) )?saluti|grazie|a presto"
    r"|atenciosamente|cumprimentos|(?:um )?abraco|obrigad[oa]"
    r"|(?:met vriendelijke )?groet(?:en|jes)?)[ ,.!]*"
)


def read_field(line: str) -> tuple[str, str] | None:
    """Return the label and the value of a line of a form; None of any other line.

    >>> read_field("Due date: 4 May"), read_field("Tea ..... 2.40"), read_field("Due on 4 May.")
    (('Due date', '4 May'), ('Tea', '2.40'), None)
    """
    found = _FIELD.fullmatch(line) if len(line) <= MAX_FIELD_CHARS else None
    return (found[1], found[2]) if found else None


def is_form(lines: Sequence[str]) -> bool:
    """Whether lines are those of a form: most of them have a label, each its own.

    >>> is_form(["Due date: 4 May", "Total: 9 euros", "Paid: no", "Thank you."])
    True
    """
    found = [field[0] for line in lines if (field := read_field(line))]
    return len(set(found)) >= max(MIN_FIELDS, len(lines) / 2)


class FormReading(NamedTuple):
    """The lines of a form, by their places, as a question sees them.

    Attributes:
        asked: those whose label is asked for.
        naming: those that only name what it is asked of, such as a title.
        others: all others with a label, and the rest where nothing is asked for but a label.
    """

    asked: tuple[int, ...] = ()
    naming: tuple[int, ...] = ()
    others: tuple[int, ...] = ()


def read_form(
    question: str, lines: Sequence[str], called: Collection[str] = (), language: str = DEFAULT
) -> FormReading:
    """Return which of the lines of a form tell what is asked, and which only name of what.

    A label is asked for by words that do not name the form itself ("invoice"), unless another label
    has these and more. Where the question has words of a value that is a name or a number, and not
    its label, and asks for something beside, it is asked of that value. Nothing is told of lines
    that are no form.

    Args:
        question: what is asked.
        lines: sentences, of which `MIN_FIELDS` have a label.
        called: terms of what the form is called.
        language: that of the lines.

    >>> lines = ["Device: Aurora 14", "Ready on: 9 May", "Technician: Ann Holt"]
    >>> read_form("When is the Aurora ready?", lines)
    FormReading(asked=(1,), naming=(0,), others=(2,))
    """
    fields = {n: found for n, line in enumerate(lines) if (found := read_field(line))}
    if len(fields) < MIN_FIELDS:
        return FormReading()
    asked = set(query_terms(question, language))
    chosen = {term for one in _CHOOSES.findall(fold(question)) for term in terms(one, language)}
    rest = [n for n in range(len(lines)) if n not in fields]
    short = [n for n in rest if len(lines[n].split()) <= MAX_TITLE_WORDS]
    titles = [n for n in short if not lines[n].endswith((".", "!", "?"))]
    own = asked - {*called, *terms(" ".join(lines[n] for n in titles), language)}
    is_asking = _ASKS.search(fold(question)) is not None
    labels = {n: set(terms(label, language)) for n, (label, _) in fields.items()}
    if totals := own & {term for word in _TOTALS for term in terms(word, language)}:
        for n, (label, _) in fields.items():
            labels[n] |= totals if TOTALS.fullmatch(fold(label)) else set()
    said = {n: own & label for n, label in labels.items()}
    labelled, naming, others = [], [], []
    for n, (_, value) in fields.items():
        told = set(terms(value, language))
        known = asked & told
        is_name = known - chosen and _identifies(value) and not _MEASURES.match(value)
        is_whole = told <= asked and own - told - labels[n]
        is_beside = (own - known) or (is_asking and asked - known)
        if is_name and is_beside and (is_whole or not said[n] - known):
            naming.append(n)
        elif said[n] - known and not any(said[n] < more for more in said.values()):
            labelled.append(n)
        else:
            others.append(n)
    held = {term for _, value in fields.values() for term in terms(value, language)}
    is_more = own and (is_asking or own - held)
    named = (n for n in titles if is_more and _identifies(lines[n]))
    naming += [n for n in named if asked & set(terms(lines[n], language))]
    if own and any(own <= labels[n] for n in labelled):
        others += [n for n in rest if n not in naming]
    return FormReading(tuple(labelled), tuple(naming), tuple(others))


def _identifies(value: str) -> bool:
    """Whether a value is a name, or a number: words with capitals or digits in them."""
    words = [word for word in re.split(r"[\s,/]+", value) if word]
    return all(any(map(str.isdigit, one)) or _WORD_OF_NAME.fullmatch(one) for one in words)


_SPOKEN = re.compile(r"(?:\[[^\]\n]{1,40}\]\s*)?(?P<who>[^\W\d_][\w .'’-]{0,38}):\s+(?=\S)")
"""What stands before a line of a talk: the time, and who speaks."""
_MODALS = (
    "may might can could shall should must need one people you allowed possible permitted darf"
    " durfen kann konnen man muss mussen soll sollen erlaubt moglich peut peuvent puis doit dois"
    " faut permis puede pueden puedo debe debo hay permitido puo possono posso deve devo permesso"
    " pode podem preciso permitido"
).split()
_MAX_REPLY = 4
"""Sentences of a reply."""
_KINDS_ASKED = (
    r"who|whom|wer|wen|wem|qui|quien\w*|chi|quem",
    r"when|wann|quand|cuando|quando|until when|bis wann",
    r"where|wo|woher|wohin|ou|donde|dove|onde",
    r"why|warum|wieso|pourquoi|por que|perche",
    r"how (?:many|much|long|old|far|often|big)|wie (?:viele?|lange|alt|weit|oft|gross)|wieviele?"
    r"|combien|cuant\w+|quant\w+",
)
_KIND_ASKED = tuple(re.compile(rf"\b(?:{words})\b") for words in _KINDS_ASKED)


def find_reply(
    question: str,
    lines: Sequence[str],
    heads: Collection[int] = (),
    called: Collection[str] = (),
    language: str = DEFAULT,
) -> tuple[int, ...]:
    """Return the places of the lines that reply to a question which a text asks itself.

    It is the same question if all that it has words for is asked, and the same kind of thing; what
    is asked beside is what the text is called, or said in the reply. In a talk it is another who
    replies.

    Args:
        question: what is asked.
        lines: sentences of one text, in its order.
        heads: the places of questions that stand above what answers them.
        called: terms of what the text is called.
        language: that of the lines.

    >>> lines = ["Can I pay by card?", "From 10 euros.", "Is there a lift?", "No."]
    >>> find_reply("can i pay by card at the pool", lines, {0, 2}, {"pool"})
    (1,)
    """
    light = {term for word in _MODALS for term in terms(word, language)}
    asked, kind = set(query_terms(question, language)) - light, _kind_asked(question)
    spoken = [_SPOKEN.match(line) for line in lines]
    said = [line[one.end() :] if one else line for line, one in zip(lines, spoken, strict=True)]
    speakers = [one["who"] if one else "" for one in spoken]
    is_asking = [one.rstrip().endswith(("?", "？")) for one in said]
    for n, one in enumerate(said):
        own = set(query_terms(one, language)) - light
        if not is_asking[n] or not own or not own <= asked or kind != _kind_asked(one):
            continue
        who, first = speakers[n], n + 1
        if n not in heads:
            others = (m for m in range(first, len(said)) if speakers[m] not in ("", who))
            first = next(others, len(said)) if who else len(said)
        ends = (m for m in range(first, len(said)) if is_asking[m] or speakers[m] == who != "")
        end = next(ends, len(said))
        reply = [m for m in range(first, min(end, first + _MAX_REPLY)) if not is_courtesy(said[m])]
        known = {*called, *terms(" ".join((*speakers, *(said[m] for m in reply))), language)}
        if reply and asked - own <= known:
            return tuple(reply)
    return ()


def _kind_asked(question: str) -> int | None:
    """Return which kind of thing a question asks for; None of any other."""
    folded = fold(question)
    return next((n for n, one in enumerate(_KIND_ASKED) if one.search(folded)), None)


def is_header(text: str) -> bool:
    """Whether a text is a line of a mail's headers."""
    return _HEADER.match(text) is not None


def asks_of_mail(question: str) -> bool:
    """Whether a question asks what headers tell: who wrote, to whom, when, of what.

    >>> asks_of_mail("Who sent the invoice?"), asks_of_mail("Who stands in for Ann?")
    (True, False)
    """
    return bool(_OF_MAIL.search(fold(question)) or find_exact(question))


def is_courtesy(text: str) -> bool:
    """Whether a line greets, or takes its leave, and does nothing else; in seven languages.

    >>> is_courtesy("Sehr geehrte Frau Dr. Holt,"), is_courtesy("Un saludo")
    (True, True)
    >>> is_courtesy("Hi Ann, the van is yours."), is_courtesy("Best before May")
    (False, False)
    """
    said = fold(text.strip())
    if len(said) > MAX_COURTESY_CHARS:
        return False
    return bool(_SALUTATION.fullmatch(said) or _CLOSING.fullmatch(said))


def names_alone(text: str) -> bool:
    """Whether a text is a name, such as a signature, or what a code or number belongs to.

    >>> names_alone("Ann Holt"), names_alone("Bill 7731"), names_alone("Ann left.")
    (True, True, False)
    """
    if len(text) <= MAX_COURTESY_CHARS and re.fullmatch(NAME, text.strip(" .,")):
        return True
    words = text.split()
    if not 0 < len(words) <= MAX_NAME_WORDS or words[-1].endswith((".", "!", "?")):
        return False
    return any(map(str.isdigit, words[-1])) and ":" not in text
