"""Folders of a household: a lease, recipes, a boiler's manual, a warranty, an allotment society."""

from evals.everyday.office import Block, Bullets, Grid, Heading, docx, mail, odt, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def flat() -> Files:
    """Return a lease in numbered clauses, a web page for tenants and the record of a handover."""
    lease = """TENANCY AGREEMENT
Garnet Row 18, second floor left

Clause 1. Parties
The landlord is Pettersen Estates. The tenants are Noor Haddad and
Milo Everly.

Clause 2. Rent
The monthly rent is 1,145 pounds and falls due on the third working
day of the month. Heating is included; electricity is not.

Clause 3. Deposit
The deposit is 1,700 pounds. It is returned within 28 days of the
return of the keys, less the cost of damage.

Clause 4. Pets
Cats and caged birds may be kept. A dog needs the landlord's consent
in writing.

Clause 5. Subletting
No room may be sublet, except to a relative and for at most nine weeks
a year.

Clause 6. Repairs
The tenants see to repairs of up to 60 pounds each. Whatever costs
more is the landlord's affair and has to be reported to him within
two days.

Clause 7. Ending
Either side may end the tenancy at the end of a quarter by giving ten
weeks' notice.
"""
    guide = """<!doctype html><html><head><title>Garnet Row</title></head><body>
<nav><ul><li><a href="/">Start</a></li><li><a href="/let">To let</a></li>
<li><a href="/news">News</a></li><li><a href="/contact">Contact</a></li></ul></nav>
<main><h1>Garnet Row: guide for tenants</h1>
<h2>Bins</h2>
<table><tr><th>What</th><th>Colour</th><th>Collected</th></tr>
<tr><td>Paper</td><td>blue</td><td>every second Monday</td></tr>
<tr><td>Food waste</td><td>brown</td><td>every Thursday</td></tr>
<tr><td>Glass</td><td>green</td><td>first Friday of the month</td></tr></table>
<h2>Bicycle cellar</h2>
<p>The code of the bicycle cellar is 5583. It changes every April.</p>
<h2>Roof terrace</h2>
<p>The terrace is closed from November to February. Barbecues are not permitted on it at any
time.</p></main>
<footer>Pettersen Estates. Cookies. Terms of use. Call 0800 555 for flats to buy.</footer>
</body></html>
"""
    handover = odt(
        [
            Heading("Record of handover"),
            "Garnet Row 18 was handed over on 1 September 2024 by Agnes Tull.",
            Heading("Meters", 2),
            Grid(
                [
                    ["Meter", "Number", "Reading"],
                    ["Electricity", "E 7731", "40,217 kWh"],
                    ["Cold water", "W 204", "388.4 m\u00b3"],
                ]
            ),
            Heading("Keys", 2),
            Bullets(["Front door: two", "Letter box: one", "Cellar: five"]),
        ]
    )
    return {
        "tenancy-agreement.txt": lease.encode(),
        "guide.html": guide.encode(),
        "handover.odt": handover,
    }


def kitchen() -> Files:
    """Return recipes of two forms and a page of allergens."""
    bread = """# Rye bread

Makes two loaves.

## Ingredients

- 620 g rye flour
- 480 ml lukewarm water
- 90 g sourdough
- 14 g salt
- 1 tablespoon caraway

## Method

1. Stir the sourdough, the water and half of the flour, and leave it overnight.
2. Knead in the rest of the flour with salt and caraway.
3. Fill two greased tins.
4. Let the dough rise for three hours.
5. Bake at 235 °C for a quarter of an hour, then at 190 °C for 45 minutes.
6. Cool on a rack. Do not slice before the next day.
"""
    chutney = rtf(
        [
            Heading("Plum chutney"),
            "Plums: 1.8 kg",
            "Vinegar: 350 ml",
            "Brown sugar: 400 g",
            "Keeps: nine months in a dark place",
            "Step 1. Stone the plums and chop them.",
            "Step 2. Simmer everything for 70 minutes.",
            "Step 3. Fill it into hot jars.",
        ]
    )
    allergens = """<html><body><div class="menu"><a href="#">Cakes</a> <a href="#">Soups</a></div>
<h1>Allergens</h1><table>
<tr><th>Dish</th><th>Contains</th><th>Free of</th></tr>
<tr><td>Rye bread</td><td>gluten</td><td>milk, nuts</td></tr>
<tr><td>Plum chutney</td><td>sulphites</td><td>gluten, milk</td></tr>
<tr><td>Hazelnut torte</td><td>nuts, egg, milk</td><td>gluten</td></tr>
</table></body></html>
"""
    return {
        "rye bread.md": bread.encode(),
        "plum chutney.rtf": chutney,
        "allergens.html": allergens.encode(),
    }


def boiler() -> Files:
    """Return a boiler's manual with a table of codes over several pages, and its parts."""
    sensors = ["flue", "return", "flow", "outdoor", "tank", "solar", "room", "air inlet"]
    faults = [
        ("is shorted", "Replace the sensor."),
        ("has no contact", "Push plug X{n} in until it clicks, then wait for a minute."),
        ("reads outside its range", "Clean the sensor with a dry cloth and measure again."),
        ("was swapped for another", "Exchange the wires at terminal {n}."),
    ]
    codes = [
        ["Code", "Meaning", "What to do"],
        ["F05", "Water pressure below 0.8 bar", "Top up to 1.4 bar at the blue tap."],
        [
            "F08",
            "No flame after three attempts",
            "See that the gas cock is open, then press RESET for two seconds.",
        ],
    ]
    for n, (sensor, (fault, remedy)) in enumerate(
        (sensor, fault) for fault in faults for sensor in sensors
    ):
        codes.append([f"F{11 + n}", f"The {sensor} sensor {fault}", remedy.format(n=n + 2)])
    manual = flowing(
        [
            Heading("Kestrel 24: manual"),
            "This manual is meant for owners. Work on gas lines is done by a fitter.",
            Heading("Technical data", 2),
            Grid(
                [
                    ["Property", "Value"],
                    ["Output", "24 kW"],
                    ["Weight", "37.5 kg"],
                    ["Diameter of the flue", "100 mm"],
                    ["Noise", "42 dB"],
                ]
            ),
            Heading("Messages", 2),
            "The display shows a code when something is wrong.",
            Grid(codes),
            Heading("Service", 2),
            "Have the burner cleaned every fifteen months.",
        ],
        foot="Kestrel 24, edition 6",
    )
    quick = """# Quick start

## Lock the keys

Hold MODE and + together for six seconds.

## Holiday

Holiday mode keeps the house at 9 °C. Press MODE twice to end it.

## Radio thermostat

The thermostat does not work in the cellar.
"""
    parts = """Part number,Name,Fits,Price
KS-30018,Ignition electrode,Kestrel 18 and Kestrel 24,21.90
KS-30025,Flow sensor,Kestrel 24,34.00
KS-30044,Door seal,Kestrel 18,8.75
KS-30052,Expansion vessel,Kestrel 24,96.00
"""
    return {
        "Kestrel 24 manual.pdf": manual,
        "quick start.md": quick.encode(),
        "spare parts.csv": parts.encode(),
    }


def trailer() -> Files:
    """Return a warranty, a packing list in columns of blanks, and a mail about a claim."""
    warranty = rtf(
        [
            Heading("Ox Trailers: warranty"),
            "Dear Ms Castellan,",
            "thank you for buying the bicycle trailer Ox 2, frame number 88-3120-K, on 22 July "
            "2023. From that day the frame is covered for ten years, the axle for four years and "
            "the tarpaulin for eighteen months.",
            "Rust that comes from salt water is not covered. Claims are sent with a photograph to "
            "claims@oxtrailers.example.",
            "Yours sincerely, Ottoline Marsh",
        ]
    )
    packing = """PACKING LIST                      Ox 2

Qty   Item                        Box
2     Wheels, 20 inch             A
4     Reflectors                  A
1     Drawbar                     B
1     Tarpaulin, grey             B
16    Bolts M8                    C

Total weight: 31.6 kg
Tools needed: two spanners of 13 mm
"""
    claim = mail(
        "Bastian Crewe <claims@oxtrailers.example>",
        "Re: claim 7741",
        "Wed, 19 Mar 2025 11:20:00 +0000",
        """Dear Ms Castellan,

thank you for the photographs. The axle is covered until 22 July
2027, and a new one leaves our works next week. The tarpaulin is no
longer covered, since its eighteen months came to an end in January
2025.

You do not need to send back the old axle.

Bastian Crewe
Claims desk

> The axle squeaks and the tarpaulin is torn. Shall I send them in?
> L. Castellan
""",
    )
    return {
        "warranty.rtf": warranty,
        "packing list.txt": packing.encode(),
        "claim 7741.eml": claim,
    }


def allotment() -> Files:
    """Return the minutes of an allotment society over five years, named by year."""
    minutes = {
        "2021-11.txt": """Minutes of the annual meeting, 6 November 2021

Present: 19 members.

1. Chair
Wilma Oakes was elected chair.

2. Rent
The rent of a plot stays at 38 pounds.

3. Water
The meeting resolved to buy a second rain tank.
""",
        "2022-11.txt": """Minutes of the annual meeting, 12 November 2022

Present: 23 members.

1. Chair
Wilma Oakes was elected chair again.

2. Rent
The rent of a plot goes up to 41 pounds.

3. Bees
The proposal to keep bees was rejected by 14 votes to 9.
""",
        "2023-11.md": """# Minutes of the annual meeting, 11 November 2023

Present: 17 members.

## Chair

Desmond Achebe was elected chair.

## Tool shed

The tool shed will be rebuilt in larch.

## Accounts

The treasurer, Ines Rook, reported 2,316 pounds.
""",
    }
    later: dict[str, list[Block]] = {
        "2024-11.docx": [
            Heading("Minutes of the annual meeting, 9 November 2024"),
            "Present: 26 members.",
            Heading("Chair", 2),
            "Desmond Achebe was elected chair again.",
            Heading("Rent", 2),
            "The rent of a plot goes up to 46 pounds.",
            Heading("Bees", 2),
            "A second proposal to keep bees was accepted by 18 votes to 8.",
        ],
        "2025-11.docx": [
            Heading("Minutes of the annual meeting, 8 November 2025"),
            "Present: 21 members.",
            Heading("Chair", 2),
            "Fiona Mbeki was elected chair.",
            Heading("Water", 2),
            "The rain tanks leak and will be replaced by May 2026.",
            Heading("Accounts", 2),
            "The treasurer, Kofi Dunmore, reported 3,048 pounds.",
        ],
    }
    return {
        **{f"minutes/{name}": text.encode() for name, text in minutes.items()},
        **{f"minutes/{name}": docx(blocks) for name, blocks in later.items()},
    }
