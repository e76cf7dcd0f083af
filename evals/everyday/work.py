"""Folders of a firm: a staff handbook, invoices, price lists, two versions of a policy, mails."""

from collections.abc import Mapping

from evals.everyday.office import Bullets, Grid, Heading, Slide, Steps, docx, mail, pptx, xlsx
from evals.everyday.paper import flowing

Files = Mapping[str, bytes]
"""Path in the folder -> bytes."""


def joinery() -> Files:
    """Return the staff handbook of a joinery and its page on first aid."""
    handbook = docx(
        [
            Heading("Tallow & Reed Joinery: staff handbook"),
            Heading("1. Working time"),
            Heading("1.1 Core hours", 2),
            "Everyone is at the bench from 7:45 to 15:15, with forty minutes for lunch.",
            Heading("1.2 Overtime", 2),
            "Overtime is agreed with the foreman beforehand. It is given back as time off within "
            "eight weeks, never in money.",
            Heading("2. Leave"),
            Heading("2.1 Days of leave", 2),
            "Leave grows with the years of service:",
            Grid(
                [
                    ["Years of service", "Days of leave", "Notice to give"],
                    ["under 2", "24", "three weeks"],
                    ["2 to 6", "26", ""],
                    ["over 6", "29", "five weeks"],
                ],
                [(1, 2, 2, 2)],
            ),
            Heading("2.2 Unpaid leave", 2),
            "Unpaid leave needs the signature of both owners. Apprentices cannot take it.",
            Heading("3. Safety"),
            Heading("3.1 Machines", 2),
            "Gloves must not be worn at the spindle moulder. Only Marta Quill and Idris Cole may "
            "change its cutters.",
            Heading("3.2 Closing for the night", 2),
            "Whoever goes home last does the following:",
            Steps(
                [
                    "Switch off the dust extractor at the red lever.",
                    "Empty the oily rags into the steel bin.",
                    "Close the skylight.",
                    "Set the alarm with the brass key.",
                    "Send the foreman a message that all is locked.",
                ]
            ),
            Heading("4. Tools and clothing"),
            Heading("4.1 Clothing", 2),
            "The firm pays for:",
            Bullets(["one pair of boots a year", "two sets of overalls", "ear defenders"]),
            "Reading glasses are not paid for.",
            Heading("4.2 Borrowing tools", 2),
            "Hand tools may be taken home for a weekend. Battery tools may not leave the yard.",
            Heading("5. Who to ask"),
            Grid(
                [
                    ["Matter", "Ask", "Extension"],
                    ["Wages", "Idris Cole", "31"],
                    ["Apprentices", "Marta Quill", "34"],
                    ["Deliveries", "Sunniva Bray", "38"],
                ]
            ),
        ]
    )
    first_aid = """# First aid

## Cuts

Press a clean pad on the wound. The dressing box hangs beside the band saw.

## Dust in the eye

Rinse for ten minutes at the bottle by the sink. Do not rub.

## Who is trained

- Sunniva Bray (until October 2026)
- Tobias Fenn (until March 2027)
"""
    return {"handbook.docx": handbook, "first-aid.md": first_aid.encode()}


def theatre() -> Files:
    """Return three invoices to a theatre, of three forms, and its ledger."""
    marrow = flowing(
        [
            Heading("Marrow Printing"),
            "Invoice INV-2291",
            "Date: 14 February 2025",
            "Customer: Lantern Street Theatre",
            Grid(
                [
                    ["Pos.", "Description", "Quantity", "Unit price", "Amount"],
                    [
                        "1",
                        "Programme booklets of 24 pages, stapled, cover of matt card 250 g",
                        "600",
                        "1.35",
                        "810.00",
                    ],
                    ["2", "Posters A2, four colours, outdoor paper", "80", "2.10", "168.00"],
                    ["3", "Express delivery", "1", "22.00", "22.00"],
                    ["", "Total", "", "", "1,000.00"],
                ]
            ),
            "Please pay within thirty days. Goods stay ours until they are paid for.",
        ],
        foot="Marrow Printing, Unit 6, Foss Bank",
    )
    duckworth = docx(
        [
            Heading("Duckworth Hire"),
            "Invoice number: INV-0417",
            "Date: 26 March 2025",
            Grid(
                [
                    ["Hired", "Days", "Per day", "Amount"],
                    ["Fog machine", "3", "27.50", "82.50"],
                    ["Follow spot", "3", "41.00", "123.00"],
                    ["Total", "", "", "205.50"],
                ]
            ),
            "Received with thanks on 9 April 2025 by bank transfer.",
        ]
    )
    kelpie = mail(
        "Kelpie Catering <accounts@kelpie.example>",
        "Invoice 88-B",
        "Fri, 30 May 2025 09:12:00 +0100",
        """Dear all,

here is our invoice 88-B of 30 May 2025 for the press evening:

- 45 sandwiches, 3.90 each
- 40 glasses of elderflower, 2.45 each
- setting up and clearing away, 38.90

Sum: 312.40 pounds. Please transfer it by 20 June 2025. We charge
nothing for the glasses that were broken.

Kind regards
Oonagh Reyes
""",
    )
    ledger = """Invoice,Supplier,Amount,Status,Due
INV-2291,Marrow Printing,1000.00,paid,16 March 2025
INV-0417,Duckworth Hire,205.50,paid,25 April 2025
88-B,Kelpie Catering,312.40,open,20 June 2025
INV-2307,Marrow Printing,640.00,open,2 July 2025
T-19,Tidewell Tickets,58.00,open,11 July 2025
"""
    return {
        "INV-2291-marrow-printing.pdf": marrow,
        "INV-0417-duckworth-hire.docx": duckworth,
        "kelpie-catering-88-B.eml": kelpie,
        "ledger.csv": ledger.encode(),
    }


def nursery() -> Files:
    """Return the price lists, the stock and the terms of delivery of a plant nursery."""
    prices = xlsx(
        {
            "Shrubs": [
                ["Plant", "Pot of 2 litres", "", "Pot of 5 litres", ""],
                ["", "Retail", "Trade", "Retail", "Trade"],
                ["Witch hazel", 14.2, 11.1, 31.0, 25.5],
                ["Dogwood", 9.8, 7.4, 22.0, 17.6],
                ["Spindle", 12.6, 9.9, 27.3, 21.8],
            ],
            "Bulbs": [
                ["Bulb", "Bulbs per bag", "Price", "Planting depth"],
                ["Snowdrop", 25, 6.4, "8 cm"],
                ["Fritillary", 10, 8.9, "12 cm"],
                ["Allium", 5, 7.7, "15 cm"],
            ],
            "Sales": [
                ["Month", "Shrubs", "Bulbs"],
                ["January", 410, 95],
                ["February", 530, 120],
                ["March", 1260, 310],
                ["Total", 2200, 525],
            ],
        },
        {"Shrubs": ["A1:A2", "B1:C1", "D1:E1"]},
    )
    stock = """Code,Plant,In stock,Bed
NR-1004,Witch hazel,17,C
NR-1011,Dogwood,0,A
NR-1019,Spindle,42,A
NR-1027,Guelder rose,5,C
NR-1035,Elder,28,B
NR-1046,Quince,6,D
NR-1052,Medlar,0,D
NR-1058,Damson,9,D
NR-1060,Hornbeam,75,E
NR-1067,Field maple,31,E
NR-1073,Whitebeam,23,B
NR-1080,Bird cherry,4,B
NR-1088,Holm oak,2,F
"""
    delivery = """# Delivery and returns

## Cost

Within fifteen miles, orders of 120 pounds or more are delivered free of charge. Below that we ask
for 9.50 pounds.

## What we do not deliver

Trees taller than three metres are not delivered. They have to be fetched at the yard.

## Plants that die

Plants that die in the first winter are replaced once, but not those in pots.
"""
    return {
        "price list spring.xlsx": prices,
        "stock.csv": stock.encode(),
        "delivery.md": delivery.encode(),
    }


def vehicles() -> Files:
    """Return two versions of a policy on vehicles, slides on the newer, and a mail on a third."""
    third = docx(
        [
            Heading("Vehicle policy"),
            "Version 3, in force from 1 April 2021.",
            Heading("Mileage", 2),
            "Private cars are reimbursed at 38 pence per mile.",
            Heading("Parking", 2),
            "Parking is refunded against a receipt.",
            Heading("Fines", 2),
            "Fines are paid by the driver.",
            Heading("Approval", 2),
            "Trips of more than 80 miles need the approval of the line manager.",
        ]
    )
    fourth = docx(
        [
            Heading("Vehicle policy"),
            "Version 4, in force from 1 September 2024. It takes the place of version 3.",
            Heading("Mileage", 2),
            "Private cars are reimbursed at 45 pence per mile, bicycles at 20 pence per mile.",
            Heading("Charging", 2),
            "Charging an electric car at home is refunded at 31 pence per kilowatt-hour.",
            Heading("Parking", 2),
            "Parking is refunded against a receipt.",
            Heading("Fines", 2),
            "Fines are paid by the driver.",
            Heading("Approval", 2),
            "Trips of more than 150 miles need the approval of the fleet desk.",
        ]
    )
    slides = pptx(
        [
            Slide(
                "Vehicle policy: how to claim",
                [
                    "Send the form by the fifth of the month",
                    "Write down both odometer readings",
                    "Attach receipts for parking",
                ],
                notes="Claims that are older than four months are turned down.",
            ),
            Slide(
                "Who helps",
                ["The fleet desk is open in the mornings"],
                grid=Grid(
                    [
                        ["Site", "Contact", "Room"],
                        ["Harrow Lane", "Dilys Prosser", "G.07"],
                        ["Old Brewery", "Anselm Kuti", "2.19"],
                    ]
                ),
            ),
        ]
    )
    draft = mail(
        "Rhoda Finch <rhoda@firm.example>",
        "Ideas for version 5",
        "Tue, 04 Mar 2025 16:40:00 +0000",
        """Hello,

for version 5 of the vehicle policy we suggest 52 pence per mile for
cars that are shared by three people. Nothing has been decided yet.

Rhoda
""",
    )
    return {
        "vehicle-policy-v3.docx": third,
        "vehicle-policy-v4.docx": fourth,
        "how to claim.pptx": slides,
        "ideas.eml": draft,
    }


def stage() -> Files:
    """Return the mails of a theatre's technicians and their list of abbreviations."""
    testing = mail(
        "Greta Holloway <greta@stage.example>",
        "PAT on 3 March",
        "Mon, 17 Feb 2025 10:05:00 +0000",
        """Dear colleagues,

portable appliance testing (PAT) takes place on 3 March in the green
room. Please bring every kettle, lamp and charger that you own, and
label it with your name.

Greta
""",
    )
    stand_in = mail(
        "Yusuf Denholm <yusuf@stage.example>",
        "Re: PAT on 3 March",
        "Tue, 18 Feb 2025 08:31:00 +0000",
        """Hello Greta,

I am abroad that day. Lorna Whitby stands in for me.

Yusuf

On Mon, 17 Feb 2025 Greta Holloway wrote:
> portable appliance testing (PAT) takes place on 3 March in the green
> room.
""",
    )
    bookings = mail(
        "Bookings <rooms@stage.example>",
        "Rooms this week",
        "Mon, 24 Feb 2025 07:00:00 +0000",
        "Your program does not show HTML.\n",
        """<html><body><p>These rooms are taken on Thursday:</p>
<table><tr><th>Room</th><th>Booked by</th><th>From</th><th>Until</th></tr>
<tr><td>Studio 2</td><td>Yusuf Denholm</td><td>10:00</td><td>12:30</td></tr>
<tr><td>Green room</td><td>Greta Holloway</td><td>09:15</td><td>11:00</td></tr>
<tr><td>Paint shop</td><td>Ambrose Teal</td><td>14:00</td><td>18:00</td></tr></table>
</body></html>
""",
    )
    tickets = mail(
        "Help desk <help@stage.example>",
        "Tickets, week 9",
        "Fri, 28 Feb 2025 17:00:00 +0000",
        """TK-4410: The projector in the foyer flickers. Assigned to Lorna Whitby.

TK-4418: The stage door sticks. Closed on 26 February.

TK-4425: No hot water in dressing room 2. Waiting for a valve.
""",
    )
    words = """# Abbreviations

- FOH: front of house
- DSM: deputy stage manager; this season it is Cyril Ogden
- LX: lighting
- SM: stage manager
"""
    return {
        "mails/1.eml": testing,
        "mails/2.eml": stand_in,
        "mails/3.eml": bookings,
        "mails/4.eml": tickets,
        "abbreviations.md": words.encode(),
    }
