"""The folder that is asked: 25 invented documents of a housing co-operative, and one unreadable."""

from evals.everyday.office import Block, Bullets, Grid, Heading, Steps, docx, mail, xlsx
from evals.everyday.paper import flowing

TIMES = {
    "rules/house-rules-2021.md": "2021-06-01",
    "rules/house-rules-2024.md": "2024-02-01",
    "archive/founding-charter.txt": "2009-05-12",
    "minutes/2025-06-minutes.md": "2025-06-12",
    "letters/roof-reminder.eml": "2025-07-03",
}
"""Days of the files' times; those of all others are 15 January 2025."""
OTHER_DAY = "2025-01-15"

_RULES_2021 = """# House rules 2021

## Quiet hours

Quiet hours are from 22:00 to 6:00.

Musical instruments may be played for two hours a day.

## Laundry

The drying room is shared by all flats of a staircase.

A wash costs 1.50 euros.

## Barbecues

Charcoal barbecues are allowed in the yard.
"""
_RULES_2024 = """# House rules 2024

## Quiet hours

Quiet hours are from 21:30 to 6:30.

Musical instruments may be played for two hours a day.

## Laundry

The drying room is shared by all flats of a staircase.

A wash costs 2.20 euros.

## Bicycles

Bicycles without a name tag are removed every autumn.
"""
_SEPTEMBER = """Minutes of the board, 18 September 2024

Present: Leonie Farrow, Radu Ionescu, Pilar Mendez.

The board resolved to replace the boiler of staircase C. Radu Ionescu will ask two firms for an
offer by 30 October 2024.

The request for a vending machine was rejected.

It rained through the meeting.
"""
_JANUARY = """Minutes of the board, 22 January 2025

Present: Leonie Farrow, Radu Ionescu.

The reserve stands at 48,200 euros.

The board decided to raise the service charge by 4 per cent from 1 April 2025.

Pilar Mendez was absent.
"""
_MARCH: list[Block] = [
    Heading("Minutes of the board, 19 March 2025"),
    "Present were Leonie Farrow, Radu Ionescu and Pilar Mendez.",
    Heading("Decisions", 2),
    Bullets(
        [
            "The contract with Sparrow Cleaning is ended.",
            "The playground gets a new slide for at most 3,100 euros.",
        ]
    ),
    Heading("Action items", 2),
    Bullets(
        [
            "Leonie Farrow writes to Sparrow Cleaning.",
            "Radu Ionescu orders the slide before 2 May 2025.",
        ]
    ),
    Heading("Other matters", 2),
    "The cellar of staircase A smells of damp.",
]
_JUNE = """# Minutes of the general meeting, 12 June 2025

Forty-one members were present.

The accounts of 2024 were approved.

The meeting agreed to open the rooftop terrace to all members. A mediator is to be asked in quarrels
over its use.

Pilar Mendez was elected treasurer.
"""
_LEASE_3 = """Lease of flat 3

Between the co-operative and Jonas Albrecht.

1. Rent
The rent is 640 euros a month.

2. Deposit
The deposit is 1,280 euros.

3. Notice
The notice period is three months.

4. Pets
Cats are allowed, dogs are not.
"""
_LEASE_7 = """Lease of flat 7

Between the co-operative and Mira Castellan.

1. Rent
The rent is 815 euros a month.

2. Deposit
The deposit is 2,445 euros.

3. Notice
The notice period is six weeks.

4. Parking
A parking space is included.
"""
_HANDBOOK = """# Volunteer handbook

The handbook tells volunteers how the repair shop of the co-operative is run.

## Opening

The repair shop opens on Saturdays at ten. Two volunteers open the repair shop together.

## Repairs

Volunteers repair bicycles, lamps and small machines of members. Machines with a mains plug are
tested before members take them home.

## Safety

Soldering is done under the hood. Volunteers who cut themselves write it into the accident
book.

## Money

Repairs are free, members give what they like. The box is emptied by two volunteers every month.
"""
_TENDER = """# Tender: roof of staircase B

The co-operative has the roof of staircase B renewed. The roof has 310 square metres of slate.

## Deadlines

Questions are answered until 10 March 2025. Offers are due by 28 March 2025 at noon.

The work must be finished before 15 October 2025.

## Payment

Ninety per cent is paid on completion. The rest is kept for two years.
"""
_OFFER_A = """Offer A: Brandt Roofing

Price: 41,300 euros
Slate: Welsh slate, 7 mm
Guarantee: ten years
Start: 5 May 2025
"""
_OFFER_B = """Offer B: Alpine Roofs

Price: 38,900 euros
Slate: Spanish slate, 5 mm
Guarantee: six years
Start: 2 June 2025
"""
_CHARTER = """Founding charter

The co-operative was founded on 12 May 2009 by eleven families.

It buys and keeps houses so that its members live in them for good and at cost.

Every member has one vote, however many shares a member holds.
"""
_HAUSORDNUNG = """# Hausordnung Hinterhaus

## Ruhezeiten

Die Ruhezeit beginnt um 22 Uhr und endet um 7 Uhr.

## Müll

Der Müll wird am Dienstag abgeholt. Sperrmüll darf nicht im Hof stehen.
"""
_PROTOKOLL = """Protokoll der Mieterversammlung vom 8. Mai 2025

Anwesend waren 17 Mieter.

Die Versammlung hat beschlossen, den Hof zu begrünen.

Frau Seidel kümmert sich um die Pflanzen. Die Frist für Vorschläge endet am 30. Juni 2025.

Der Kuchen war gut.
"""
_PROCES = """Procès-verbal de la réunion du jardin, 14 mai 2025

Étaient présents Odile Garnier et Bruno Lacaze.

La réunion a décidé de planter six pommiers.

Odile Garnier doit acheter les arbres avant le 10 novembre 2025.
"""
_FAQ = """# Laundry: questions and answers

**Where are the machines?**

In the cellar of staircase A.

**How do I pay?**

With the blue chip that the office sells.
"""
_ENERGY: list[Block] = [
    Heading("Energy report 2024"),
    "The houses used 212,000 kilowatt-hours of heat in 2024, a tenth less than in 2023.",
    "Most heat is lost through the roofs, which are not insulated in staircases B and C.",
    "The report recommends that the roofs are insulated before the boilers are replaced.",
    Heading("Electricity", 2),
    "The panels on staircase A made 18,400 kilowatt-hours of electricity.",
    Heading("Costs", 2),
    "Heat cost 25,400 euros, electricity 6,150 euros.",
]


def make() -> dict[str, bytes]:
    """Return the bytes of every file by its name."""
    texts = {
        "rules/house-rules-2021.md": _RULES_2021,
        "rules/house-rules-2024.md": _RULES_2024,
        "minutes/2024-09-minutes.txt": _SEPTEMBER,
        "minutes/2025-01-minutes.txt": _JANUARY,
        "minutes/2025-06-minutes.md": _JUNE,
        "leases/flat-3.txt": _LEASE_3,
        "leases/flat-7.txt": _LEASE_7,
        "handbook.md": _HANDBOOK,
        "roof/tender.md": _TENDER,
        "roof/offer-a.txt": _OFFER_A,
        "roof/offer-b.txt": _OFFER_B,
        "archive/founding-charter.txt": _CHARTER,
        "hinterhaus/hausordnung.md": _HAUSORDNUNG,
        "hinterhaus/protokoll-2025-05.txt": _PROTOKOLL,
        "jardin/proces-verbal-2025-05.txt": _PROCES,
        "laundry-faq.md": _FAQ,
        "members.csv": "Flat,Name,Since\n3,Jonas Albrecht,2018\n7,Mira Castellan,2021\n"
        "9,Leonie Farrow,2009\n",
        "garden.txt": "The garden has four beds. Bed 2 is free. Asbestos was found under bed 4 and "
        "is taken away in spring.\n",
        "keys.txt": "The key to the cellar hangs in the office. Chips for the laundry cost 5 "
        "euros.\n",
    }
    return {
        **{name: text.encode() for name, text in texts.items()},
        "minutes/2025-03-minutes.docx": docx(_MARCH),
        "insurance.docx": docx(
            [
                Heading("Insurance policy"),
                "The policy covers fire, water and storm. Claims are told to the insurer within "
                "seven days.",
                Steps(["Take pictures.", "Call the office.", "Fill in the form."]),
                Grid([["Damage", "Excess"], ["Water", "250 euros"], ["Storm", "500 euros"]]),
            ]
        ),
        "energy-report.pdf": flowing(_ENERGY),
        "budget.xlsx": xlsx(
            {
                "Budget": [
                    ["Item", "Euros"],
                    ["Repairs", 22000],
                    ["Insurance", 9100],
                    ["Garden", 1800],
                ]
            }
        ),
        "letters/roof-reminder.eml": mail(
            "Leonie Farrow <leonie@coop.example>",
            "Reminder: roof",
            "Thu, 03 Jul 2025 09:00:00 +0200",
            "Dear all,\n\nthe scaffold for the roof is put up on 14 July 2025. Please keep the "
            "yard free.\n\nLeonie\n",
        ),
        "letters/mediator.txt": b"Dear members,\n\nour mediator Greta Lindqvist hears quarrels on "
        b"the first Monday of a month. Her number is 555 0148.\n",
        "scan.pdf": b"%PDF-1.7 not a page",
    }
