"""What of a letter or a mail says nothing by itself: headers, salutations, closings, a name.

In: a line, or a question. Out: whether it is one of these, or asks for what they tell.
"""

import re

from assistant.text.exact import find_exact
from assistant.text.terms import fold
from assistant.text.words import NAME

MAX_COURTESY_CHARS = 60
"""A longer line says more than whom it greets."""
MAX_NAME_WORDS = 4
"""Of what a code belongs to, with it: "Contract of lease 88/12"."""
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
