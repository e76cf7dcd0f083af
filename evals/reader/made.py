"""Makes units as people's files have them: rows of tables, items under a lead-in, questions asked.

In: a number, or units of which two questions share a sentence. Out: units. Tables and lists are
invented, in seven languages, and asked of what they say, of a thing that is not in them and of a
column that they lack. Rows are written as the assistant writes them: `Name: value | Name: value`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from evals.reader.rows import Span, fold
from evals.reader.units import Asked, Unit


@dataclass(frozen=True, slots=True)
class _Tongue:
    """The words of one language: columns with their kind of value and question, and a list's."""

    lang: str
    key: str
    columns: tuple[tuple[str, str, str], ...]
    which: str
    lead: tuple[str, str]
    items: tuple[str, ...]


def _columns(text: str) -> tuple[tuple[str, str, str], ...]:
    found = (line.strip().split(" = ") for line in text.strip().splitlines())
    return tuple((name, kind, question) for name, kind, question in found)


_TONGUES = (
    _Tongue(
        "en",
        "Name",
        _columns("""
            Price = money = How much does {} cost?
            Phone = phone = What is the phone number of {}?
            Opens = time = When does {} open?
            Weight = weight = How heavy is {}?
            Floor = small = On which floor is {}?
            Deadline = date = By when must {} be paid?
            Responsible = person = Who is responsible for {}?
            Stock = small = How many of {} are in stock?
            Code = code = Which code does {} have?
        """),
        "Which one has {} {}?",
        ("Included in {}:", "What is included in {}?"),
        tuple(
            "bed linen,parking,breakfast,bike hire,insurance,final cleaning,towels,a map".split(",")
        ),
    ),
    _Tongue(
        "de",
        "Name",
        _columns("""
            Preis = money = Was kostet {}?
            Telefon = phone = Wie lautet die Telefonnummer von {}?
            Öffnet um = time = Wann macht {} auf?
            Gewicht = weight = Wie schwer ist {}?
            Stockwerk = small = In welchem Stock liegt {}?
            Frist = date = Bis wann muss {} bezahlt werden?
            Zuständig = person = Wer ist für {} zuständig?
            Bestand = small = Wie viele {} sind auf Lager?
            Kennzeichen = code = Welches Kennzeichen hat {}?
        """),
        "Bei wem steht unter {} {}?",
        ("In {} enthalten:", "Was ist in {} enthalten?"),
        tuple(
            "Bettwäsche,Parkplatz,Frühstück,Leihrad,Versicherung,Endreinigung,Handtücher".split(",")
        ),
    ),
    _Tongue(
        "fr",
        "Nom",
        _columns("""
            Prix = money = Combien coûte {} ?
            Téléphone = phone = Quel est le numéro de téléphone de {} ?
            Ouverture = time = À quelle heure ouvre {} ?
            Poids = weight = Combien pèse {} ?
            Étage = small = À quel étage se trouve {} ?
            Échéance = date = Avant quelle date faut-il payer {} ?
            Responsable = person = Qui est responsable de {} ?
            Code = code = Quel est le code de {} ?
        """),
        "Lequel a pour {} {} ?",
        ("Compris dans {} :", "Qu'est-ce qui est compris dans {} ?"),
        tuple("draps,stationnement,petit déjeuner,vélo,assurance,ménage,serviettes".split(",")),
    ),
    _Tongue(
        "es",
        "Nombre",
        _columns("""
            Precio = money = ¿Cuánto cuesta {}?
            Teléfono = phone = ¿Cuál es el teléfono de {}?
            Apertura = time = ¿A qué hora abre {}?
            Peso = weight = ¿Cuánto pesa {}?
            Planta = small = ¿En qué planta está {}?
            Plazo = date = ¿Hasta cuándo se puede pagar {}?
            Responsable = person = ¿Quién se encarga de {}?
            Código = code = ¿Qué código tiene {}?
        """),
        "¿Cuál tiene {} {}?",
        ("Incluido en {}:", "¿Qué incluye {}?"),
        tuple("sábanas,aparcamiento,desayuno,bicicleta,seguro,limpieza,toallas".split(",")),
    ),
    _Tongue(
        "it",
        "Nome",
        _columns("""
            Prezzo = money = Quanto costa {}?
            Telefono = phone = Qual è il numero di telefono di {}?
            Apertura = time = A che ora apre {}?
            Peso = weight = Quanto pesa {}?
            Piano = small = A che piano si trova {}?
            Scadenza = date = Entro quando va pagato {}?
            Responsabile = person = Chi è responsabile di {}?
            Codice = code = Che codice ha {}?
        """),
        "Quale ha {} {}?",
        ("Compreso in {}:", "Che cosa è compreso in {}?"),
        tuple(
            "lenzuola,parcheggio,colazione,bicicletta,assicurazione,pulizie,asciugamani".split(",")
        ),
    ),
    _Tongue(
        "pt",
        "Nome",
        _columns("""
            Preço = money = Quanto custa {}?
            Telefone = phone = Qual é o telefone de {}?
            Abertura = time = A que horas abre {}?
            Peso = weight = Quanto pesa {}?
            Andar = small = Em que andar fica {}?
            Prazo = date = Até quando se deve pagar {}?
            Responsável = person = Quem é responsável por {}?
            Código = code = Qual é o código de {}?
        """),
        "Qual tem {} {}?",
        ("Incluído em {}:", "O que está incluído em {}?"),
        tuple("lençóis,estacionamento,pequeno-almoço,bicicleta,seguro,limpeza,toalhas".split(",")),
    ),
    _Tongue(
        "ru",
        "Название",
        _columns("""
            Цена = money = Сколько стоит {}?
            Телефон = phone = Какой телефон у {}?
            Открытие = time = Когда открывается {}?
            Вес = weight = Сколько весит {}?
            Этаж = small = На каком этаже {}?
            Срок = date = До какого числа нужно оплатить {}?
            Ответственный = person = Кто отвечает за {}?
            Код = code = Какой код у {}?
        """),
        "У чего {} {}?",
        ("В {} входит:", "Что входит в {}?"),
        tuple("постельное бельё,парковка,завтрак,велосипед,страховка,уборка,полотенца".split(",")),
    ),
)
_SYLLABLES = "ka lo mi ver tan ro sel du pra nor vi gas te bel on qui fa zur".split()


def make_tables(n: int, random: Random) -> Iterator[Unit]:
    """Yield units of rows."""
    for _ in range(n):
        yield _table(random.choice(_TONGUES), random)


def _table(tongue: _Tongue, random: Random) -> Unit:
    columns = random.sample(tongue.columns, random.randint(3, 5))
    shown, missing = columns[:-1], columns[-1]
    keys = _names(random.randint(4, 9), random)
    rows = [[_value(kind, random) for _, kind, _ in shown] for _ in keys[:-1]]
    lines = [
        " | ".join(
            [f"{tongue.key}: {key}", *(f"{c[0]}: {v}" for c, v in zip(shown, row, strict=True))]
        )
        for key, row in zip(keys, rows, strict=False)
    ]
    passage, spans = _lay(lines)
    asked = []
    for line, (key, row) in enumerate(zip(keys, rows, strict=False)):
        column = random.randrange(len(shown))
        at = spans[line][0] + lines[line].index(f"{shown[column][0]}: {row[column]}")
        start = at + len(shown[column][0]) + 2
        span = start, start + len(row[column])
        asked.append(Asked(shown[column][2].format(key), (line,), span, (f"{key} {row[column]}",)))
    column = random.randrange(len(shown))
    same = [line for line, row in enumerate(rows) if row[column] == rows[0][column]]
    start = spans[0][0] + len(tongue.key) + 2
    question = tongue.which.format(shown[column][0], rows[0][column])
    asked.append(Asked(question, tuple(same), (start, start + len(keys[0])), (rows[0][column],)))
    # One that is not in the table, and something that is said of none.
    asked.append(Asked(random.choice(shown)[2].format(keys[-1]), (), None, ()))
    asked.append(Asked(missing[2].format(keys[0]), (), None, ()))
    return Unit("made_table", "", tongue.lang, passage, spans, tuple(asked))


def make_lists(n: int, random: Random) -> Iterator[Unit]:
    """Yield units of items under lead-ins; lead-in and items answer together."""
    for _ in range(n):
        tongue = random.choice(_TONGUES)
        keys = _names(random.randint(3, 4), random)
        lines: list[str] = []
        asked = []
        for key in keys[:-1]:
            first = len(lines)
            lines.append(tongue.lead[0].format(key))
            lines += [f"- {item}" for item in random.sample(tongue.items, random.randint(2, 5))]
            right = tuple(range(first, len(lines)))
            asked.append(Asked(tongue.lead[1].format(key), right, None, (lines[first],)))
        asked.append(Asked(tongue.lead[1].format(keys[-1]), (), None, ()))
        passage, spans = _lay(lines)
        yield Unit("made_list", "", tongue.lang, passage, spans, tuple(asked))


def make_answers(units: Sequence[Unit], n: int, random: Random) -> Iterator[Unit]:
    """Yield units of questions with their answers, asked in other words for the same sentence."""
    fit = [i for i, unit in enumerate(units) if len(_shared(unit)) > 1]
    for number in random.sample(fit, min(n, len(fit))):
        unit = units[number]
        lines: list[str] = []
        places: list[tuple[int, Asked]] = []
        for sentence, (said, other) in list(_shared(unit).items())[:5]:
            start, end = unit.sentences[sentence]
            lines += [said.text, " ".join(unit.passage[start:end].split())]
            places.append((len(lines) - 1, other))
        passage, spans = _lay(lines)
        answers = spans[1::2]
        asked = [Asked(one.text, (line // 2,), None, one.words) for line, one in places]
        folded = fold(passage)
        asked += [
            Asked(one.text, (), None, ())
            for one in unit.asked
            if one.right and one.words and not any(fold(word) in folded for word in one.words)
        ][:2]
        yield Unit("made_answers", "", unit.lang, passage, answers, tuple(asked))


def _shared(unit: Unit) -> dict[int, tuple[Asked, Asked]]:
    """Return the sentences that answer two questions, with these."""
    of: dict[int, list[Asked]] = {}
    for one in unit.asked:
        if len(one.right) == 1 and one.words:
            of.setdefault(one.right[0], []).append(one)
    return {k: (same[0], same[1]) for k, same in of.items() if len(same) > 1}


def _lay(lines: Sequence[str]) -> tuple[str, tuple[Span, ...]]:
    spans, start = [], 0
    for line in lines:
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return "\n".join(lines), tuple(spans)


def _names(n: int, random: Random) -> list[str]:
    found: dict[str, None] = {}
    series = "".join(random.choices(_SYLLABLES, k=2)).capitalize()
    while len(found) < n:
        # Things of one series differ in a number only, others in all letters.
        new = "".join(random.choices(_SYLLABLES, k=random.choice((2, 3)))).capitalize()
        name = f"{series} {random.randint(1, 90)}" if random.random() < 0.35 else new
        if not any(name in other or other in name for other in found):
            found[name] = None
    return list(found)


def _value(kind: str, random: Random) -> str:
    n = random.randint
    match kind:
        case "money":
            return random.choice((f"{n(2, 900)} €", f"{n(2, 900)},{n(0, 9)}0 EUR", f"${n(2, 900)}"))
        case "phone":
            return f"0{n(20, 99)} {n(1000, 9999)} {n(100, 999)}"
        case "time":
            return f"{n(6, 11)}:{random.choice(('00', '15', '30', '45'))}"
        case "weight":
            return f"{n(1, 80)},{n(1, 9)} kg"
        case "date":
            return f"{n(1, 28):02}.{n(1, 12):02}.20{n(19, 29)}"
        case "person":
            return " ".join(_names(2, random)).replace("0", "o")
        case "code":
            return f"{random.choice('ABCDEFGHK')}{random.choice('LMNPRSTVX')}-{n(100, 9999)}"
        case _:
            return str(n(1, 40))
