"""What a question asks to be worked out: how many, a total, an average, the lightest, all.

The words are those of English, German, French, Spanish, Italian and Portuguese; those that also
mean something else ("mean", "media", "first", "last", "numero de") are left out. What a text says
itself is no operation: whether one is carried out is decided where the rows are. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from assistant.text import english as en
from assistant.text.exact import DATES, MONTH_OF, find_exact
from assistant.text.terms import UNIT_TERMS, fold, terms, unit_of
from assistant.text.words import WORD, one_of

OperationKind = Literal["count", "sum", "mean", "most", "least", "difference", "all", "find"]
Measure = Literal["number", "date"]


@dataclass(frozen=True, slots=True)
class Scale:
    """What a superlative compares: the end of the scale that it means, and what is measured.

    `names` are terms of the names that a column of it may have; none: the question names it.
    """

    kind: Literal["most", "least"]
    names: frozenset[str] = frozenset()
    measure: Measure = "number"


@dataclass(frozen=True, slots=True)
class Operation:
    """What is to be worked out.

    Attributes:
        kind: what is done with the rows.
        things: what the words are about, as far as the question tells: "overdue boats".
        rest: the question, folded, without the words that ask for the operation.
        scales: of a superlative, what it may compare, the likeliest first.
        is_total: whether a total is asked for by name, be it of things counted or of amounts.
        is_distinct: whether equal things count once.
    """

    kind: OperationKind
    things: str
    rest: str
    scales: tuple[Scale, ...] = ()
    is_total: bool = False
    is_distinct: bool = False


# --- Words

_COUNT = re.compile(
    r"\bhow many\b|(?<![^\W\d_] )\b(?:the |a )?(?:total |exact )?number of\b(?! the\b)"
    r"|\b(?:what is|what's|give me|tell me) the (?:total |exact )?number of\b(?! the\b)"
    r"|^count(?: all| the)?\b|\bwie ?viele\b|\b(?:die )?(?:gesamt)?anzahl (?:der|von|an)\b"
    r"|\bcombien d(?:e|')\s?|\bnombre d(?:e|')\s?|\bcuant[oa]s\b|\bquant[ie]\b|\bquant[oa]s\b"
)
_TOTAL = re.compile(
    r"\b(?:in |the |a |grand |overall )*total(?: sum| value)?(?: of)?\b|\baltogether\b"
    r"|\b(?:the )?sum of\b|\badd(?:s|ed)? up to\b|\bsum(?:s|med)? up(?: to)?\b|\ball in all\b"
    r"|\binsgesamt\b|\bgesamt(?:summe\b)?|\b(?:die )?summe(?: der| aller)?\b|\bzusammengerechnet\b"
    r"|\b(?:au |le )?total(?:e|es|ité)?(?: d(?:e|es|u))?\b|\b(?:la )?somme (?:de|des|du)\b"
    r"|\b(?:en |el )?total(?: de)?\b|\b(?:la )?suma (?:de|total)\b|\b(?:in |il )?totale(?: di)?\b"
    r"|\b(?:la )?somma (?:di|dei|delle|degli)\b|\b(?:no |o )?total(?: d[aeo]s?)?\b|\ba soma d\w+\b"
)
_MEAN = re.compile(
    r"\b(?:on |the |an )*average(?: of)?\b|\b(?:im )?durchschnitt(?:lich\w{0,2})?\b|\bim schnitt\b"
    r"|\b(?:en |la )?moyennes?(?: d(?:e|es|u))?\b|\b(?:en |el )?promedio(?: de)?\b"
)
_ALL = re.compile(
    r"^(?:which|what)(?: are)?(?: all)?(?: of)?(?: the)?\b|\b(?:list|show|name|give|tell)(?: me)?"
    r"(?: all)?(?: of)?(?: the)?\b|\ball(?: of)?(?: the)?\b|\bevery\b|\beach\b|\bwelchen?\b"
    r"|\balle[nr]?\b|\bquel(?:le)?s\b|\btou(?:te)?s les\b|\b(?:cuales|que)\b|\btod[oa]s l[oa]s\b"
    r"|\bquali\b|\btutt[ie]\b|\bquais\b|\btod[oa]s [oa]s\b"
)
_FIND = re.compile(
    r"\W*(?:(?:in|on|at|from|to|by|for|of|with) )?(?:who|whom|whose|what|which|when|where|how much"
    r"|wer|wem|was|wann|wo|welche[mnrs]?|wie viel|wieviel|qui|que|quoi|quand|ou|quel\w*|combien"
    r"|quien|cuando|donde|cual|cuanto|chi|che|quando|dove|quale|quanto|quem|onde|qual)\b"
)
ASKS_WHO = re.compile(r"\W*(?:who|wer|qui|quien(?:es)?|chi|quem|wie)\b")
"""How a folded question begins that asks for a person."""
LISTING: tuple[OperationKind, ...] = ("count", "all", "find")
"""Operations that are carried out on the rows which a question tells apart."""
_DIFFERENCE = re.compile(
    r"\b(?:the )?(?:difference|unterschied|differenz|diferencia|differenza|diferenca)\b"
)
_DISTINCT = re.compile(
    r"\b(?:different|distinct|unique|verschiedene\w?|differente?s|distint[oaie]s?|diferentes)\b"
)

_SUM = (
    r"(?:(?:grand|sub|overall|running|net|gross)?[ -]?totals?|total[ei]?s?|totaux|sum|somme|summe"
    r"|(?:end|zwischen|gesamt)summe|gesamt(?:betrag|kosten|preis|zahl|anzahl|wert|ergebnis|menge"
    r"|ausgaben|einnahmen|umsatz|stunden|gewicht|flache)?|insgesamt|suma|soma|somma)"
)
_AVERAGE = r"(?:average|mean|durchschnitt|moyenne|promedio)"
_OF_TOTAL = """of for in per all the and to by der die des aller im pro de du des del di
    due owed owing paid payable amount value price cost costs fee fees sum net gross before after
    incl excl including excluding inc vat tax taxes discount expenses expenditure income revenue
    sales budget hours days points items pieces units year month week quarter annual monthly
    kosten ausgaben einnahmen betrag netto brutto mwst stunden tage stuck jahr monat
    general ht ttc depenses recettes montant annee mois gastos ingresos importe iva ano mes spese
    entrate eur euro euros usd gbp chf dollars pounds francs franken kg km h q1 q2 q3 q4""".split()
_PIECE = rf"(?:[€$£+-]?\d[\d.,%€$£'’/-]*|[€$£%]|{one_of((*_OF_TOTAL, *MONTH_OF))}\b[.,/]?)"
_TAIL = rf"(?:[,-]?[ :(]+{_PIECE}\)?)*:?"
TOTALS = re.compile(rf"(?:{_SUM}|{_AVERAGE})\b{_TAIL}")
"""A folded cell that says of its row that it sums up those above: alone, or of what and when."""
AVERAGES = re.compile(rf"(?:{_AVERAGE}|(?:sub|running)[ -]?totals?|zwischensumme)\b.*")
"""Of these, one that does not say what all come to."""
MAY_TOTAL = re.compile(rf"{_SUM}(?: [\w.,%€$£-]+){{1,3}}:?")
"""A folded cell that may be the total of a part, or a name: "Total marketing", "Total Recall"."""
_SAYS_TOTAL = re.compile(
    rf"{_TOTAL.pattern}|\b(?:come|comes|came|amount|amounts|amounted) to\b|\bcombined\b"
)
"""Words of a folded sentence that states a total."""
_COUNTED = (
    re.compile(
        rf"(?:\b\d[\d.,]*|\b{one_of((*en.ONES, *en.TENS, 'dozen', 'no'))})"
        r"(?P<then>(?:[\s-]+[^\W\d_]+){1,4})"
    ),
    re.compile(
        r"\b(?:number|count|total|anzahl|nombre|numero)\b(?P<then>[^\d.]{0,60})\d", re.IGNORECASE
    ),
)
"""Words of a folded sentence that states how many there are."""

_PROPERTIES = {
    "weight": "weight mass load kg gewicht masse poids peso massa",
    "price": "price cost costs fee fare rate rent preis kosten gebuhr miete prix cout tarif loyer"
    " precio coste costo tarifa prezzo tariffa preco custo rrp msrp uvp pvp",
    "date": "date day year month when datum tag jahr jour annee fecha dia ano data giorno anno"
    " built founded opened due signed updated modified created published issued since",
    "age": "age alter edad eta idade",
    "length": "length duration distance lange dauer strecke longueur duree durata lunghezza"
    " longitud duracion comprimento duracao",
    "size": "size area surface grosse flache taille superficie dimensione tamano tamanho",
    "height": "height altitude elevation hohe hauteur altura altezza",
    "depth": "depth tiefe profondeur profundidad profondita profundidade",
    "width": "width breadth breite largeur anchura larghezza largura",
    "speed": "speed geschwindigkeit vitesse velocidad velocita velocidade",
    "time": "time duration zeit dauer temps duree tiempo tempo",
    "heat": "temperature temperatur temperatura",
}
COSTS = frozenset(terms("cost kosten cout coste costo custo"))
"""Terms of what a price is to its seller, in a table that has a price beside."""
MEASURED = frozenset(" ".join(_PROPERTIES.values()).split())
"""Folded words of what a number measures."""
_SUPERLATIVES: dict[str, tuple[tuple[Literal["most", "least"], str], ...]] = {
    r"heaviest|schwerste[mnrs]?": (("most", "weight"),),
    r"lightest|leichteste[mnrs]?": (("least", "weight"),),
    r"most (?:expensive|costly)|dearest|costliest|priciest|teuerste[mnrs]?": (("most", "price"),),
    r"cheapest|least (?:expensive|costly)|billigste[mnrs]?|(?:preis)?gunstigste[mnrs]?"
    r"|preiswerteste[mnrs]?": (("least", "price"),),
    r"(?<!at the )latest|newest|most recent(?:ly)?|neu(?:e)?ste[mnrs]?|spateste[mnrs]?"
    r"|jungste[mnrs]?": (("most", "date"),),
    r"earliest|fruheste[mnrs]?": (("least", "date"),),
    r"oldest|alteste[mnrs]?": (("most", "age"), ("least", "date")),
    r"youngest": (("least", "age"), ("most", "date")),
    r"longest|langste[mnrs]?": (("most", "length"),),
    r"shortest|kurzeste[mnrs]?": (("least", "length"), ("least", "height")),
    r"tallest": (("most", "height"),),
    r"deepest|tiefste[mnrs]?": (("most", "depth"),),
    r"shallowest": (("least", "depth"),),
    r"widest|broadest|breiteste[mnrs]?": (("most", "width"),),
    r"narrowest|schmalste[mnrs]?": (("least", "width"),),
    r"hottest|warmest|heisseste[mnrs]?|warmste[mnrs]?": (("most", "heat"),),
    r"coldest|coolest|kalteste[mnrs]?": (("least", "heat"),),
    r"fastest|quickest|schnellste[mnrs]?": (("most", "speed"), ("least", "time")),
    r"slowest|langsamste[mnrs]?": (("least", "speed"), ("most", "time")),
    r"highest|hochste[mnrs]?": (("most", ""), ("most", "height")),
    r"lowest|niedrigste[mnrs]?": (("least", ""), ("least", "height")),
    r"largest|biggest|greatest|grosste[mnrs]?": (("most", ""), ("most", "size")),
    r"smallest|kleinste[mnrs]?": (("least", ""), ("least", "size")),
    r"(?<!at )(?<!al)most(?! of\b| important\b| likely\b)|maximum|meisten": (("most", ""),),
    r"(?<!at )least|fewest|minimum|wenigsten": (("least", ""),),
}
_COMPARED = {
    "lourd legere? pesad[oa] pesante": "weight",
    "chere? caro cara barat[oa] economic[oa] costoso costosa": "price",
    "recente? reciente ancien ancienne antigu[oa] antic[oa]": "date",
    "long longue larg[oa] lung[oa] longo longa court courte cort[oa] curt[oa]": "length",
    "haut haute bas basse alt[oa] bass[oa] baix[oa] baj[oa]": "",
    "grand grande petit petite pequen[oa] piccol[oa]": "",
}
_SMALL = re.compile(
    r"(?:leg(?:ere?)|liger[oa]|legger[oa]|leve|barat[oa]|economic[oa]|ancien\w*|antig\w+|antic[oa]"
    r"|court\w*|cort[oa]|curt[oa]|bas|basse|bass[oa]|baix[oa]|baj[oa]|petit\w*|pequen[oa]|piccol[oa])"
)
_ROMANCE = re.compile(
    rf"\b(?P<way>plus|moins|mas|menos|piu|meno|mais) (?P<adjective>"
    rf"{'|'.join((*' '.join(_COMPARED).split(), 'leger', 'liger[oa]', 'legger[oa]', 'leve'))})s?\b"
)
LASTING = frozenset(
    """still yet already currently noch schon bereits derzeit encore deja toujours todavia aun ya
    ancora gia ainda""".split()
)
"""Words that say of what is so that it goes on or has begun: a row says the same without them."""
_STOPS = LASTING | frozenset(
    """are is was were be been do does did has have had can could will would should must may there
    that which who whose of in on at by for from with to as than under over per
    we you they i it and or sind ist war waren hat haben hatte gibt gab es im am an auf von vom mit
    bei zu zum zur sont est ont dans sur avec chez y il hay son esta estan tiene tienen del con para
    ci sono nel nella nei dei delle della ha hanno sao ha tem estao na no nas nos da do das dos en
    wurden werden stehen""".split()
)
"""What ends the words that a count is of."""
_OPENING = frozenset(
    "the a an all of different distinct der die das les des las los i gli le".split()
)
LIGHT = (
    LASTING
    | en.FUNCTION_WORDS
    | frozenset(
        """list lists listed table tables row rows line lines record records entry entries sheet
    file document data item items contain contains show shows name names give tell exist exists
    recorded belong belongs stand stands please many much get got have having make made
    place placed come came take took between zwischen entre tra fra ne n isn aren wasn weren hasn
    haven hadn don doesn didn ein eine einen einem einer un une una uno um uma
    need needs require requires brauche brauchen braucht benotigen benotigt
    hoch hohe viel kostet kosten betragt number count what's there say says
    marked state status called named value values amounts one ones together cost costs
    sind ist gibt hat haben wurde wurden worden wie viele zeile zeilen liste tabelle sont est ont
    dans combien lignes
    tableau hay son esta estan cuantos filas ci sono quanti righe sao ha quantos linhas welche quel
    quelle quels quelles quais quali cuales mit der die das den im in von le la les des du de el los
    las del il lo gli i nel nella o os as do da y e et und""".split()
    )
)
"""Words of such a question that need stand nowhere."""

# --- Limits

_HOW = {
    ">": "over|above|exceed|exceeds|exceeding|more than|greater than|higher than|larger than"
    "|longer than|heavier than|uber|mehr als|plus de|mas de|piu di|mais de",
    "<": "under|below|less than|fewer than|lower than|smaller than|cheaper than|shorter than"
    "|lighter than|unter|weniger als|moins de|menos de|meno di",
    ">=": "at least|no less than|not less than|mindestens|au moins|al menos|almeno|pelo menos",
    "<=": "at most|no more than|not more than|up to|hochstens|au plus|a lo sumo|al massimo",
    "before": "before|earlier than|prior to|vor dem|vor|avant le|avant|antes del|prima del",
    "after": "after|later than|nach dem|nach|apres le|apres|despues del|dopo il",
    "since": "since|seit dem|seit|depuis le|depuis|desde el|desde|dal",
    "until": "until|till|bis zum|bis|jusqu'au|hasta el|hasta|fino al",
}
_MEASURED = {
    "weight": "weigh weighs weighed heavier lighter", "price": "cost costs cheaper priced",
    "length": "longer shorter long last lasts", "height": "taller higher tall high",
}  # fmt: skip
MEASURING = frozenset(" ".join(_MEASURED.values()).split())
"""Words that tell what is compared."""
_STOCK = "stock quantity qty available inventory bestand lager lagerbestand existencias giacenza"
_OUT_OF_STOCK = re.compile(
    r"\b(?:out of stock|not in stock|sold out|ausverkauft|nicht auf lager|agotad[oa]s?)\b"
)
_IN_STOCK = re.compile(r"^(?:which|what|list|show|welche)\b.*?(\b(?:in stock|auf lager)\b)")
_SAID = {
    ">": "over {}", "<": "under {}", ">=": "at least {}", "<=": "at most {}",
    "before": "before {}", "after": "after {}", "since": "{} or later", "until": "{} or earlier",
    "": "between {} and {}",
}  # fmt: skip
_HOW_OF = {word: how for how, words in _HOW.items() for word in words.split("|")}
_AND = r"\s*(?:and|to|und|et|y|e|bis|-|–)\s*"
_HOW_SAID = one_of(_HOW_OF).replace(" ", r"\s+")
_LIMIT = re.compile(
    rf"\b(?:between|from|zwischen|entre|tra|von|(?P<how>{_HOW_SAID}))\s+(?:the\s+)?(?=[$€£\w])"
)
_AMOUNT = re.compile(
    r"(?P<sign>[$€£])?\s?(?P<digits>\d+(?:[.,’']\d+)*)(?:\s?(?P<unit>[^\W\d]+|[%€$£°]))?"
)


@dataclass(frozen=True, slots=True)
class Limit:
    """What cells of a column are compared with: "over 100 euros", "before 1 May 2024".

    Attributes:
        text: what it says of a cell: "over 100 euros", "1 May 2024 or later".
        low, high: as they are written, "" for none.
        is_open: whether the limits themselves are left out.
        names: terms of the names that a column of it may have; none: the question names it.
        is_date: whether dates are compared.
        unit: of the amounts, in one form; "" for none.
        behind: terms of the word behind it, which may name what is compared: "over 6 years".
        word: that says it, where a cell may say it, too: "out of stock".
    """

    text: str
    low: str
    high: str
    is_open: bool
    names: frozenset[str] = frozenset()
    is_date: bool = False
    unit: str = ""
    word: str = ""
    behind: frozenset[str] = frozenset()


def find_limit(question: str) -> tuple[str, Limit] | None:
    """Return a question without the limit that it has, and the limit; None if it has none.

    >>> find_limit("Which invoices are over 100 euros?")[1].low
    '100'
    >>> rest, limit = find_limit("Which bills came before 1 May 2024?")
    >>> rest, limit.high, limit.is_open
    ('which bills came  ?', '1 May 2024', True)
    """
    text = fold(question)
    if out := _OUT_OF_STOCK.search(text):
        none = Limit("0", "", "0", False, frozenset(terms(_STOCK)), word="out of stock")
        return _cut(text, out), none
    if held := _IN_STOCK.search(text):
        rest = f"{text[: held.start(1)]} {text[held.end(1) :]}"
        return rest, Limit("over 0", "0", "", True, frozenset(terms(_STOCK)), word="in stock")
    for match in _LIMIT.finditer(text):
        if found := _read_sides(text, match, question if len(question) == len(text) else text):
            return found
    return None


def _read_sides(text: str, match: re.Match[str], typed: str) -> tuple[str, Limit] | None:
    """Return the limit that begins with a word of it, if it is of amounts or of dates."""
    start = match.end()
    how = _HOW_OF.get(" ".join((match["how"] or "").split()), "")
    dates = [one for one in find_exact(text) if one.start >= start and one.kind in DATES]
    is_time = how in ("before", "after", "since", "until")
    first = dates[0] if dates and dates[0].start == start else None
    if first and (first.kind != "year" or is_time or not how):
        sides, end = [typed[first.start : first.end]], first.end
        if not how:
            second = next((d for d in dates[1:] if re.fullmatch(_AND, text[end : d.start])), None)
            if second is None:
                return None
            sides, end = [*sides, typed[second.start : second.end]], second.end
        unit, is_date, told = "", True, sides
    else:
        one = _AMOUNT.match(text, start)
        if one is None or is_time:
            return None
        sides, end, unit = [one["digits"]], one.end("digits"), _unit_in(one)
        end = one.end() if unit and one["unit"] else end
        told = [typed[start:end].strip()]
        if not how:
            behind = re.compile(_AND).match(text, end)
            other = _AMOUNT.match(text, behind.end()) if behind else None
            if other is None:
                return None
            unit = _unit_in(other) or unit
            sides, end = [*sides, other["digits"]], other.end("digits")
            end = other.end() if _unit_in(other) and other["unit"] else end
            told.append(typed[other.start() : end].strip())
        is_date = False
    low = sides[0] if how in (">", ">=", "after", "since", "") else ""
    high = sides[-1] if how in ("<", "<=", "before", "until", "") else ""
    names = [name for name, words in _MEASURED.items() if set(words.split()) & set(text.split())]
    known = frozenset(terms(" ".join(_PROPERTIES[name] for name in names)))
    said = _SAID[how].format(*(" ".join(one.split()) for one in told))
    is_open = how in (">", "<", "before", "after")
    behind = WORD.match(text, end + 1)
    things = frozenset(terms(behind[0])) if behind else frozenset()
    limit = Limit(said, low, high, is_open, known, is_date, unit, behind=things)
    return f"{text[: match.start()]} {text[end:]}", limit


def _unit_in(amount: re.Match[str]) -> str:
    """Return the unit of an amount, if what stands beside it is one."""
    said = unit_of(amount["sign"] or amount["unit"] or "")
    return said if said in UNIT_TERMS else ""


@lru_cache(maxsize=1024)
def find_operation(question: str) -> Operation | None:
    """Return what a question asks to be worked out, or None.

    What asks who, what, when, where or how much asks to "find" the row that says it.

    >>> found = find_operation("How many overdue boats are there?")
    >>> found.kind, found.things
    ('count', 'overdue boats')
    >>> find_operation("Why is the mill closed?") is None
    True
    """
    text = fold(question)
    total, mean = _TOTAL.search(text), _MEAN.search(text)
    is_distinct = bool(_DISTINCT.search(text))
    if counted := _COUNT.search(text):
        rest = _DISTINCT.sub(" ", _TOTAL.sub(" ", _cut(text, counted)))
        things = _things(text[counted.end() :])
        return Operation("count", things, rest, (), bool(total), is_distinct)
    if apart := _DIFFERENCE.search(text):
        return Operation("difference", "", _cut(text, apart))
    for match, scales in _superlatives(text):
        rest = _cut(text, match)
        return Operation(scales[0].kind, _things(text[match.end() :]), rest, scales)
    for kind, found in (("mean", mean), ("sum", total)):
        if found:
            things = _things(text[found.end() :])
            rest = _cut(text, found)
            return Operation("mean" if kind == "mean" else "sum", things, rest, (), kind == "sum")
    if listed := _ALL.search(text):
        return Operation("all", _things(text[listed.end() :]), _cut(text, listed))
    asked = _FIND.match(text)
    return Operation("find", "", _cut(text, asked)) if asked else None


def find_scales(text: str) -> tuple[Scale, ...]:
    """Return what the superlatives of a text compare."""
    return tuple(scale for _, scales in _superlatives(fold(text)) for scale in scales)


def _superlatives(text: str) -> Iterator[tuple[re.Match[str], tuple[Scale, ...]]]:
    for words, scales in _SUPERLATIVES.items():
        if match := re.search(rf"\b(?:the )?(?:{words})\b", text):
            yield match, tuple(_scale(kind, name) for kind, name in scales)
    for match in _ROMANCE.finditer(text):
        said = match["adjective"]
        name = next(
            (name for forms, name in _COMPARED.items() if re.fullmatch(_any(forms), said)), "weight"
        )
        is_most = bool(_SMALL.fullmatch(said)) == (match["way"] in ("moins", "menos", "meno"))
        yield match, (_scale("most" if is_most else "least", name),)


def _any(forms: str) -> str:
    return f"(?:{'|'.join(forms.split())})"


@lru_cache(maxsize=64)
def _scale(kind: Literal["most", "least"], name: str) -> Scale:
    names = frozenset(terms(_PROPERTIES.get(name, "")))
    return Scale(kind, names, "date" if name == "date" else "number")


def _cut(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}"


def states_total(text: str) -> bool:
    """Tell whether a text states a total: "The repairs come to 420 euros"."""
    return bool(_SAYS_TOTAL.search(fold(text))) and any(map(str.isdigit, text))


def find_counted(text: str) -> Iterator[str]:
    """Yield words of which a text may say how many there are.

    >>> list(find_counted("There are 12 berths. Number of sheds: 3"))
    [' berths', ' of sheds: ']
    """
    folded = fold(text)
    for pattern in _COUNTED:
        yield from (match["then"] for match in pattern.finditer(folded))


_OF_MONEY = r"(?:billed|invoiced|owed|refunded|charged|discounted|budgeted|priced|taxed|earned)"
_COUNTING = frozenset(
    """quantity qty number no nr count counts unit units piece pieces pcs total level menge anzahl
    stuck nombre quantite cantidad numero quantita quantidade""".split()
)
_STATE = re.compile(
    rf"(?:in|on|at|auf|im|en|em|sur|a) [^\W\d_]+|{one_of(_STOCK.split())}|(?!{_OF_MONEY}$)(?:"
    r"[^\W\d_]{3,}(?<!e)ed|sold|lent|lost|left|sent|given|taken|broken|missing|remaining|spare"
    r"|ver(?:kauft|fugbar|liehen|mietet|loren)|bestellt|ge(?:liefert|bucht)|frei|reserviert|defekt"
    r"|vendu|commande|livre|disponible|reserve|restant|vendido|pedido|reservado|disponible|venduto"
    r"|venduti|disponibil[ei]|ordinat[io]|disponivel|disponiveis)e?s?"
)


def find_state(name: str) -> str:
    """Return how a column's name says what as many of each row are, "" if it does not say so.

    >>> find_state("Qty in stock"), find_state("Sold"), find_state("Price"), find_state("Billed")
    ('stock', 'sold', '', '')
    """
    words = [word for word in WORD.findall(fold(name)) if word not in _COUNTING]
    said = " ".join(words)
    is_state = _STATE.fullmatch(said)
    return " ".join(word for word in said.split() if word not in LIGHT) if is_state else ""


def _things(text: str) -> str:
    """Return the words at a text's beginning up to its verb or a preposition."""
    found: list[str] = []
    for match in WORD.finditer(text):
        word = match[0]
        if word in _OPENING and not found:
            continue
        if word in _STOPS or (found and re.search(r"[?.,;:!]", text[: match.start()])):
            break
        found.append(word)
    return " ".join(found)
