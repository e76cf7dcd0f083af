"""What is known of English: sets of words, tables and patterns, each in one place.

Rules put together what they need (`PERSONAL | DEMONSTRATIVES`) and keep no lists of their own.
Where two sets nearly agree, a comment says why they differ. Words are in lower case, without
accents. Another language becomes a module with the same names beside this one.
"""

from importlib.resources import files


def _read(name: str) -> list[str]:
    """Return the lines of a data file of this language, without its comments."""
    text = files("assistant.text").joinpath(f"english-{name}.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if not line.startswith("#")]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _read_lists() -> dict[str, list[str]]:
    """Return the lines of the lists that are too long for this page, by name."""
    parts = (part.partition("]") for part in "\n".join(_read("words")).split("[")[1:])
    return {name: lines.strip().splitlines() for name, _, lines in parts}


_LINES = _read_lists()


def _set(name: str) -> frozenset[str]:
    return _words(" ".join(_LINES[name]))


def _pairs(name: str) -> dict[str, str]:
    """Return what stands before each colon -> what stands behind it."""
    return dict(line.split(": ") for line in _LINES[name])


def _kinds(name: str) -> dict[str, str]:
    """Return each word behind a colon -> what stands before it."""
    lines = (line.split(": ") for line in _LINES[name])
    return {word: kind for kind, words in lines for word in words.split()}


# --- Small words

ARTICLES = _words("the a an")
DEMONSTRATIVES = _words("this that these those")
THIRD_PERSON = _words("he him she her it they them")
PERSONAL = THIRD_PERSON | _words("i me we us you")
THEIR = _words("his her its their")
POSSESSIVE = THEIR | _words("my our your")
THEIRS = _words("hers theirs")
POSSESSIVE_ALONE = THEIRS | _words("ours yours")
"""Without "mine", which is also where coal comes from."""
REFLEXIVE = _words("itself himself themselves")
REFERRING = THIRD_PERSON | THEIR | THEIRS | DEMONSTRATIVES
"""What stands for something that was said before."""
HERE = _words("here there")
ALIKE = _words("such both another")
"""What refers to a thing named before as one of several."""

QUESTION_WORDS = _words("who whom whose what which when where why how")
RELATIVE = _words("who whom whose which where when that")
BE = _words("be is are was were been being")
"""Without "am", which is also an hour (9 a.m.)."""
HAVE = _words("have has had")
DO = _words("do does did")
MODALS = _words("can could will would shall should may might must")
AUXILIARIES = BE | HAVE | DO | MODALS
ASKING_VERBS = _words("is are was were do does did has have had can could will would should")
"""What a question without a question word begins with."""

NEGATIONS = _words("not never no none nor neither without")
CONTRAST = _words("but although though while whereas however yet")
"""What opens a clause that denies or doubts nothing of what the one before it does."""

FUNCTION_WORDS = (
    ARTICLES
    | DEMONSTRATIVES
    | PERSONAL
    | POSSESSIVE
    | POSSESSIVE_ALONE
    | QUESTION_WORDS
    | BE
    | HAVE
    | DO
    | (MODALS - _words("may might must"))  # "may" is a month
    | _words(
        """about after all am and any as at but by doing for from having if in into itself no nor
        not of off on or out over own s so some such t than then there to too under until up while
        with"""
    )
)
"""Words that say how a question is asked, not what it is about."""
EMPTY = FUNCTION_WORDS | AUXILIARIES | CONTRAST | {"also"}
"""Words that no sentence is about."""

NO_NAMES = FUNCTION_WORDS | _set("opening")
"""Words that have a capital where they open a sentence and are no names. Not every number: "Seven"
is oftener a name's first word (Seven Years' War)."""

# --- Prepositions

OF_NAMES = _words("of de la du von van and for")
"""What stands inside a name, between two words with a capital."""
MENTIONING = _words("of in at for with from on near under behind before after during")
"""Prepositions that no doer stands behind; "by" and "according to" have one."""
BESIDE = _words("in on at by before after during from of with to for under")
"""Prepositions whose thing is not the subject."""

# --- Dates, numbers, measures

MONTHS = tuple(
    "january february march april may june july august september october november december".split()
)
MONTHS_SHORT = {name[:3]: n for n, name in enumerate(MONTHS, start=1)} | {"sept": 9}
DAYS = _words("monday tuesday wednesday thursday friday saturday sunday")

ONES = {
    name: value
    for value, name in enumerate(
        """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen
        fifteen sixteen seventeen eighteen nineteen""".split()
    )
}
TENS = {
    name: value * 10
    for value, name in enumerate(
        "twenty thirty forty fifty sixty seventy eighty ninety".split(), start=2
    )
}
ORDINALS = {
    name: value
    for value, name in enumerate(
        """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth
        thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth
        twentieth""".split(),
        start=1,
    )
} | {"thirtieth": 30, "fortieth": 40, "fiftieth": 50, "hundredth": 100}
COUNTING = _words("one two three four five six seven eight nine ten") | _words(
    "hundred thousand million billion half third percent"
)
"""What tells "how many": the commonest, to which the weights of the evidence are fitted."""
MONEY = {"dollar": "$", "euro": "€", "pound": "£", "usd": "$", "eur": "€", "gbp": "£"}
UNITS = {form: forms.split()[0] for forms in _LINES["units"] for form in forms.split()}
"""Each unit's forms, without the plural's "s" -> the unit."""

# --- Verbs and opposites


def _read_verbs() -> tuple[tuple[str, str, str], ...]:
    found = []
    for word in " ".join(_read("verbs")).split():
        base, _, forms = word.partition(":")
        past, _, participle = forms.partition(":")
        past = past or f"{base}{'d' if base.endswith('e') else 'ed'}"
        found.append((base, past, participle or past))
    return tuple(found)


VERBS = _read_verbs()
"""What somebody does to something: each verb with its past and its participle."""
BASE_OF_PAST = {past: base for base, past, _ in VERBS}
IRREGULAR = {form: base for base, *forms in map(str.split, _read("irregular")) for form in forms}
"""Irregular form -> its base."""
BASES = frozenset(BASE_OF_PAST.values()) | frozenset(IRREGULAR.values())
OPPOSITES = tuple((one, other) for one, other in map(str.split, _read("opposites")))

HAPPENED = _pairs("happened")
CONSISTS = _pairs("consists")
DONE = _set("done at a time")
"""Participles of what is done at a time."""
FOUND = _words("born held buried located situated based fought built founded")
"""Participles of what is done at a place."""
SPOKE = _words("said stated argued told noted added")

# --- Nouns

PERSON_NOUNS = _set("persons")
TITLES = _set("titles")
"""What stands before a person's name."""
THING_NOUNS = _set("things")

PERSON_COLUMNS = _set("columns of persons")
THING_COLUMNS = _set("columns of things")
"""What a table says of persons and of things, as the last word of a column's name."""
ROLES = _set("roles")
"""What a table calls the persons in a column."""
LISTS = _set("lists")
"""What heads a list that can be asked for, as the last word of the heading."""

# --- How sentences are built, as patterns

ADVERB = r"(?:also|then|later|first|soon|finally|eventually|formally|officially|[a-z]{3,}ly)\b"
LEAD = (
    r"(?:(?:In|On|By|During|After|Before|From|Since|Under|Following|Until|Around|Throughout|At)"
    r" [^,]{1,60}|Meanwhile|Additionally|Eventually|Finally|Later|Subsequently|However"
    r"|Historically|Originally|Initially|Today|Traditionally), "
)
"""What stands before a main clause."""
CLAUSE_OPENERS = RELATIVE | _set("ends of a noun phrase")
"""What a noun phrase ends before."""
BEHIND_NOUN = r" (?:of|in|near|based|run|held|made|built|responsible|\w+ly|\w+ed)\b"
LEANING_OPENERS = _words(
    "also however moreover furthermore instead therefore thus consequently nevertheless then"
)
LEANING_PHRASES = ("the latter", "the former", "the two", "the same", "to do so", "to do this")
LEANING_QUESTIONS = (
    "and", "but", "so", "or", "also", "what about", "how about", "why not", "what else",
    "who else", "where else",
)  # fmt: skip
"""How a question begins that goes on with the one before it."""

COMPARED_BY = {
    "cheaper": "cost price", "expensive": "cost price", "heavier": "weigh weight",
    "lighter": "weigh weight", "longer": "length long", "shorter": "length long",
    "bigger": "size large", "larger": "size large", "smaller": "size large", "older": "old built",
    "younger": "old age", "newer": "new built", "faster": "fast speed", "slower": "fast speed",
    "taller": "height high", "higher": "height high", "lower": "height high",
}  # fmt: skip
"""What compares two things -> words of what says how either is."""
ASKS_TIME = r"\bwhen\b|\b(?:what|which) (?:year|date|day|month|century|time|decade)"
ASKS_NUMBER = (
    r"\bhow (?:many|much|long|old|far|large|big|often|high|tall)\b|\bpercent|"
    r"\bwhat (?:number|amount)"
)
ASKS_PERSON = r"\b(?:who|whom|whose)\b"
QUESTION_FRAME = r"""[\s,;:]*(?:
    (?:hi|hello|hey|dear\s\w+|good\s(?:morning|afternoon|evening)|please|so|well|ok|okay|and|now
      |also)\b[\s,!]*
  | (?:i\s(?:was|am)\s(?:just\s)?wondering|i\swonder|i\s(?:want|need)\sto\sknow
      |i(?:\swould|['’]d)\s(?:really\s)?(?:like|love)\sto\sknow|i\shave\sa\squestion
      |my\squestion\sis|(?:do|does)\s(?:you|anyone|someone)\s(?:happen\sto\s)?know)\b
    [\s,:]*(?:if\b|whether\b)?[\s,]*
  | (?:could|can|would|will)\s(?:you|someone|anyone)\s(?:please\s|kindly\s|maybe\s)*
    (?:tell\sme|explain(?:\sto\sme)?|say|let\sme\sknow)\b[\s,:]*
  | (?:you\s(?:could|can|would)\s(?:please\s)?)?(?:tell\sme|explain|let\sme\sknow)\b[\s,:]*
  | the\sfollowing\b[\s,:]*
)"""
"""What stands before a question and asks nothing; to be compiled with `re.VERBOSE`."""
THANKS = (
    r"\b(?:thanks|thank\syou|many\sthanks|i\s(?:really\s)?appreciate|best\sregards|kind\sregards)\b"
)
CONTRACTIONS = (
    (r"\bcan(?:'t|not)\b", "can not"),
    (r"\bwon't\b", "will not"),
    (r"n't\b", " not"),
    (r"(?<=\w)'ll\b", " will"),
    (r"(?<=\w)'re\b", " are"),
    (r"(?<=\w)'ve\b", " have"),
)
"""Pattern -> what it is in full."""

QUESTION_MARKERS = (
    r"Q\d*|[Qq]uestion|QUESTION|F\d*|[Ff]rage|P\d*|[Pp]regunta|[Pp]ergunta|D\d*|[Dd]omanda"
)
"""Before the questions of a list of them, in several languages."""
ANSWER_MARKERS = (
    r"A\d*|[Aa]nswer|ANSWER|R\d*|[Aa]ntwort|[Rr]espuesta|[Rr]éponse|[Rr]isposta|[Rr]esposta"
)
CAPTIONS = (
    r"fig(?:ure|\.)?|table|chart|diagram|plate|scheme|box|abb(?:ildung|\.)|tab(?:elle|leau|ela|ella|\.)"
    r"|cuadro|tabla|gráfico|graphique|quadro|grafico|figura"
)
"""Before the number of a figure or table."""
SECTIONS = {
    kind: tuple(words.split())
    for kind, words in {
        "article": "article artikel artículo articolo artigo",
        "section": "section abschnitt sección sezione seção",
        "clause": "clause klausel cláusula clausola",
        "paragraph": "paragraph paragraphe párrafo paragrafo parágrafo §",
        "rule": "rule regel règle regla regola regra",
        "point": "point item punkt ziffer punto ponto",
        "chapter": "chapter kapitel chapitre capítulo capitolo",
        "part": "part teil partie parte",
        "step": "step schritt étape paso passo etapa",
        "appendix": "appendix annex schedule anhang anlage annexe anexo apéndice allegato",
    }.items()
}
"""What a text is parted into -> what stands before the number of one, in several languages."""
LABELS = "|".join(word for words in SECTIONS.values() for word in words)
PAGES = {
    "page": ("page", "seite", "página", "pagina"),
    "slide": ("slide", "folie", "diapositive", "diapositiva"),
    "row": ("row", "zeile", "ligne", "fila", "riga", "linha"),
}
"""The kinds of pages, as a question calls them."""
LIMITS = r"since|until|till|before|after|by|from|between|and|to|than|up to|as of|through"
"""What stands before a date that limits what is asked for."""
NATIONS = (
    r"\w+(?:ish|ian|ean|ese|ans?|ians)|dutch|french|german|greek|czech|swiss|thai|welsh|irish|arab"
    r"|arabic|iraqi|israeli|pakistani|slovak|turk|serb|croat|finn|dane|pole|swede|jew|jews|latin"
)
"""Names of peoples and languages, whose countries a document may name instead."""
MEASURES = _words("many much long often far old large big high deep heavy soon")
"""Behind "how": they ask for a measure, and what tells it need not have them."""
SAYING = _words(
    "say says said saying tell tells told telling mention mentions mentioned mentioning"
)
"""What asks for what is written somewhere, where nobody is asked for."""
STATING = (
    r"^\W*(?:(?:what|how) (?:do|does|did|is|are) .*?\b(?P<s>stated?|read|written)\b|(?P<r>read)\b)"
)
"""What asks so only in such a folded question."""
READING = SAYING | _words(
    "state states stated read reads written stand stands mean means meant regulate regulates"
)
"""What asks for what a place says, where it is named."""
ASKING_OF = (
    FUNCTION_WORDS
    | READING
    | _words(
        """happen happened happens occur occurred take took taken place go went going event events
        anything something day date year month entry"""
    )
)
"""Words of a question that asks for whatever there is of a date, a code or a paragraph."""
ENTRIES = _words(
    """notice notices entry entries minutes note notes log item message messages mail mails email
    post announcement record report letter diary aushang mitteilung eintrag protokoll nachricht
    notiz bericht brief avis entree lettre rapport aviso acta entrada nota mensaje carta avviso
    verbale voce messaggio lettera ata registo mensagem"""
)
"""What an entry of a day is called, folded, in several languages."""
