"""Folders of printed matter: a museum's guide of forty pages, a parish report, narrow columns."""

from evals.everyday.office import Block, Heading
from evals.everyday.paper import Leaf, columns, flowing, leaves
from evals.everyday.work import Files

_ROOMS = (
    "The gate|The slipway|The founder's room|Ropes|Sails|Anchors|The bell|Pilots|Customs|Knots|"
    "Nets|The lens|Fog signals|Wreckers|The lifeboat|The strongroom|Tobacco|Flags|Charts|Compasses|"
    "Sextants|Clocks|The dark room|Figureheads|Model ships|Dockers|Cranes|The tide machine|Storms|"
    "Ice|The volunteers|The shop|Letters|Songs|Whaling|Diving|Salvage|Tattoos|Ivory|The garden"
).split("|")

_TOLD = {
    3: "The museum was founded in 1874 by the sailmaker Jonas Pickersgill.",
    7: "The bell of the Meridian Rose was raised from a depth of eleven fathoms in 1932.",
    12: "The lens weighs 860 kilograms and used to turn in a bath of mercury.",
    16: "Two keys open the strongroom, and one of them is kept by the harbour master.",
    19: "The oldest chart of the collection was drawn by Beatrix Aldous in 1611.",
    23: "Photographs with flash may be taken everywhere except in the dark room.",
    28: "The tide machine was repaired by Emeka Stroud after the flood of 1953.",
    31: "Volunteers are insured from the age of sixteen.",
    35: "The crew of the Sigrid gave the whale jaw at the gate in exchange for coal.",
    39: "The narwhal tusk has the accession number WX 5120/7.",
}

_SHOWN = "tools|drawings|tickets|portraits|ledgers|toys|medals|postcards|lamps|uniforms".split("|")
_PLACES = (
    "a case by the window|the long wall|a drawer that visitors may open|the gallery above|"
    "a chest of camphor wood|the corner behind the door|a niche|the middle of the floor"
).split("|")
_GIVERS = (
    "a retired captain|the widow of a cooper|the school|a shipping office|two sisters|the parish|"
    "a chandler|an unknown traveller|the rowers|a collector"
).split("|")


def museum() -> Files:
    """Return a guide of forty chapters, a page each, of which ten say something of their own."""
    blocks: list[Block] = [Heading("Wexcombe Harbour Museum: guide to the rooms")]
    for number, room in enumerate(_ROOMS, 1):
        if number > 1:
            blocks.append("\f")
        blocks.append(Heading(f"Chapter {number}. {room}", 2))
        blocks += _chapter(number)
    visit = """# Visiting

Open from Tuesday to Sunday, 10:00 to 17:00. Closed on Mondays and on 24 December.

Adults pay 8 pounds, children nothing.
"""
    return {
        "guide to the rooms.pdf": flowing(blocks, foot="Wexcombe Harbour Museum"),
        "visiting.md": visit.encode(),
    }


def _chapter(number: int) -> list[Block]:
    """Return the paragraphs of a chapter; what it tells stands in the third."""
    paragraphs: list[Block] = []
    for n in range(6):
        turn = number * 7 + n * 3
        shown, place = _SHOWN[turn % len(_SHOWN)], _PLACES[turn % len(_PLACES)]
        giver = _GIVERS[(number + n * 7) % len(_GIVERS)]
        other = _SHOWN[(turn + 4) % len(_SHOWN)]
        sentences = [
            f"Visitors first see the {shown} in {place}, which came from {giver}.",
            f"Beside them lie {other}, cleaned and labelled anew by the staff over the winter.",
            f"Some of the labels are in the hand of {giver}, and the ink has faded to brown.",
            "A bench allows one to sit down, and a folder in large print hangs from a hook.",
            f"Whoever wants to know more about the {other} may ask at the desk for the register.",
        ]
        if n == 2 and number in _TOLD:
            sentences.insert(2, _TOLD[number])
        paragraphs.append(" ".join(sentences))
    return paragraphs


def parish() -> Files:
    """Return a report whose sentences go over pages, a page of columns, and wrapped notices."""
    report = leaves(
        [
            Leaf(
                [
                    "# Parish report 2025",
                    "",
                    *_filler("The lych gate was repainted, and its hinges were oiled."),
                    "",
                    "# The footpath",
                    "",
                    "The survey was paid for by the county.\u00b9 After a long debate in",
                    "the school the council agreed to lay the new footpath along the",
                ],
                ["\u00b9 Survey of the flood plain, printed in 2022, volume 3."],
            ),
            Leaf(
                [
                    "eastern bank, because the western bank is under water every winter.",
                    "The hedge is kept.",
                    "",
                    *_filler("The notice boards were moved, and one was given a lamp."),
                    "",
                    "The contractor, Pemberton Groundworks, is going to be paid in three",
                ]
            ),
            Leaf(
                [
                    "instalments of 4,650 pounds each. Work begins after the harvest.",
                    "",
                    *_filler("The clock was wound on Sundays, and it lost a minute a week."),
                    "",
                    "From the mill to the ford the path will be sur-",
                ],
                ["\u00b2 The ford was measured at low water."],
            ),
            Leaf(
                [
                    "faced with crushed slate. The rest stays as grass.",
                    "",
                    *_filler("The pump was repaired, and its handle is painted black."),
                ]
            ),
        ],
        foot="Parish report",
    )
    gazette = columns(
        "The Mill Gazette",
        [
            "# The wheel turns again",
            "Ottery Mill has stood still since the",
            "great storm. Carpenters have spent two",
            "years on its floats, and the sluice has",
            "been lined with elm. If the trial goes",
            "well, the waterwheel will turn again from",
        ],
        [
            "the second week of May, on two days a",
            "week and for visitors only.",
            "",
            "# The cottage",
            "The miller's cottage was sold in autumn.",
            "It went to a weaver from Penrith, who",
            "pays 182,000 pounds and wants to set up",
            "four looms on the ground floor.",
            "",
            "# The pond",
            "The pond is going to be dredged by the",
            "anglers, who may fish there in return.",
        ],
        ["axle", "float", "sluice", "Figure 1. The wheel, seen from the ford"],
    )
    notice = """THE TOLL HOUSE

The toll house is open to
visitors on the last Sunday of
every month, from ten until
four. The key is kept by Mrs
Ursula Garth at the forge, who
also sells the guide.

Parties of more than nine have
to write to her a fortnight
before they come.
"""
    fund = """# The mill fund

The fund holds 2.75 million pounds, of which 640,000 pounds are promised to the sluice. In 2024 the
mill had 46 300 visitors. The new hall opens on 2026-05-09.

The millstone weighs 1.2 t. The race is 85 m long.
"""
    return {
        "parish report 2025.pdf": report,
        "gazette.pdf": gazette,
        "toll house.txt": notice.encode(),
        "fund.md": fund.encode(),
    }


_SUBJECTS = (
    "lych gate|vestry roof|war memorial|churchyard wall|bus shelter|cricket field|village pump|"
    "reading room|duck pond|maypole|horse trough|weather vane"
).split("|")


def _filler(sentence: str) -> list[str]:
    """Return lines that fill a page and answer nothing that is asked."""
    return [
        sentence,
        *(
            line
            for subject in _SUBJECTS
            for line in (
                f"The {subject} was looked at by two members, who found it in fair order and",
                "wrote so in the book. Those who helped were given cake.",
                "",
            )
        ),
    ]
