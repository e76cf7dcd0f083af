"""Folders of clubs, schools and shops: timetables, forms, questions and answers, comparisons."""

from evals.everyday.office import Grid, Heading, Slide, docx, pptx, xlsx
from evals.everyday.work import Files


def ferry() -> Files:
    """Return a timetable on a web page, the fares and dated notices."""
    timetable = """<!doctype html><html><head><title>Sound Ferries</title></head><body>
<header><nav><a href="/">Home</a> <a href="/fares">Fares</a> <a href="/jobs">Jobs</a></nav></header>
<main><h1>Winter timetable</h1>
<p>Valid from 27 October 2025 to 28 March 2026.</p>
<table><caption>Ardnish to Lunna</caption><thead>
<tr><th>Sailing</th><th>Leaves Ardnish</th><th>Arrives Lunna</th><th>Runs</th></tr></thead><tbody>
<tr><td>S1</td><td>06:25</td><td>07:10</td><td>daily</td></tr>
<tr><td>S2</td><td>09:40</td><td>10:25</td><td>daily except Sunday</td></tr>
<tr><td>S3</td><td>13:05</td><td>13:50</td><td>daily</td></tr>
<tr><td>S4</td><td>17:30</td><td>18:15</td><td>Friday and Saturday</td></tr>
<tr><td>S5</td><td>21:15</td><td>22:00</td><td>Friday only</td></tr></tbody></table>
<h2>Check-in</h2><p>Check-in closes twelve minutes before the ship leaves.</p></main>
<aside>Win a weekend for two at the lighthouse!</aside>
<footer>Sound Ferries Ltd, The Slip, Ardnish. Imprint. Privacy.</footer></body></html>
"""
    fares = """# Fares

| Ticket | Single | Return |
|---|---|---|
| Adult | 7.20 | 12.90 |
| Child of 5 to 15 years | 3.60 | 6.45 |
| Dog | 1.50 | 3.00 |
| Car up to 5 m | 28.00 | 51.00 |

Children under five travel free. Surfboards are carried free of charge; kayaks are not.
"""
    notices = """NOTICES

12 January 2026
The 09:40 sailing is cancelled because the ramp is broken.

19 January 2026
Until the end of February sailing S4 leaves at 18:00 instead of 17:30.

2 February 2026
The waiting room in Lunna is being painted. Please wait on board.
"""
    return {
        "timetable.html": timetable.encode(),
        "fares.md": fares.encode(),
        "notices.txt": notices.encode(),
    }


def band() -> Files:
    """Return the membership forms of a brass band, one a member, and its workbook."""
    forms = {
        "ashby": ("Rowan Ashby", "17.03.1988", "4 Kiln Lane, Thorpe", "020 7946 0811", "cornet"),
        "nandakumar": (
            "Priya Nandakumar",
            "02.11.1995",
            "29 Tanner Street, Thorpe",
            "020 7946 0834",
            "euphonium",
        ),
        "torvik": ("Leif Torvik", "30.06.1971", "The Maltings, Hale", "020 7946 0857", "trombone"),
        "vane": (
            "Hester Vane",
            "08.09.2004",
            "11 Priory Close, Hale",
            "020 7946 0860",
            "tenor horn",
        ),
    }
    own = {"ashby": "yes", "nandakumar": "no", "torvik": "yes", "vane": "yes"}
    urgent = {
        "ashby": "Colm Ashby",
        "nandakumar": "Dr Sunil Rao",
        "torvik": "Berit Torvik",
        "vane": "Lucian Vane",
    }
    book = xlsx(
        {
            "Members": [
                ["Marsden Vale Brass Band, members in 2025", "", "", ""],
                ["Name", "Instrument", "Fee paid", "Uniform"],
                ["Rowan Ashby", "cornet", "yes", "M"],
                ["Priya Nandakumar", "euphonium", "no", "S"],
                ["Leif Torvik", "trombone", "yes", "XL"],
                ["Hester Vane", "tenor horn", "no", "L"],
                ["Juno Pell", "drums", "yes", "M"],
            ],
            "Concerts": [
                ["Date", "Place", "Begins"],
                ["6 December 2025", "Corn Exchange", "19:30"],
                ["13 December 2025", "St Brannock", "17:00"],
                ["21 March 2026", "Town Hall", "19:00"],
            ],
        },
        {"Members": ["A1:D1"]},
    )
    return {
        **{
            f"forms/{name}.txt": (
                "MEMBERSHIP FORM\n\n"
                f"Name: {said[0]}\nBorn: {said[1]}\nAddress: {said[2]}\nTelephone: {said[3]}\n"
                f"Instrument: {said[4]}\nOwns the instrument: {own[name]}\n"
                f"In an emergency: {urgent[name]}\n"
            ).encode()
            for name, said in forms.items()
        },
        "band.xlsx": book,
    }


def school() -> Files:
    """Return a class's week with merged lessons, a letter on a trip and the canteen's dishes."""
    week = docx(
        [
            Heading("Week plan of class 6c"),
            "Class teacher: Ms Orsolya Blyth. Room: 14.",
            Grid(
                [
                    ["Time", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday"],
                    ["8:10", "Maths", "English", "Geography", "Maths", "Art"],
                    ["9:00", "French", "Maths", "Biology", "English", ""],
                    ["10:05", "Music", "Handicraft", "", "French", "Drama"],
                    ["10:55", "English", "History", "Sports", "Biology", "Sports"],
                ],
                [(1, 5, 2, 5), (3, 2, 3, 3)],
            ),
        ]
    )
    trip = """<html><head><title>Trip</title></head><body>
<ul class="breadcrumbs"><li><a href="/">School</a></li><li><a href="/6c">6c</a></li></ul>
<h1>Trip to the salt mine</h1>
<p>Dear parents, on 11 June class 6c visits the salt mine at Winsley. The coach leaves at 7:50 from
the sports hall and is back by 16:20. The trip costs 13 pounds.</p>
<p>Please pack:</p><ul><li>a torch</li><li>sturdy shoes</li><li>a packed lunch</li></ul>
<p>Telephones stay at home. Children who are afraid of narrow places spend the day with 6a.</p>
<footer>Tel. 555. Imprint</footer></body></html>
"""
    canteen = xlsx(
        {
            "Week 24": [
                ["Day", "Dish", "Vegetarian"],
                ["Monday", "Lentil stew", "yes"],
                ["Tuesday", "Fish pie", "no"],
                ["Wednesday", "Noodles", "yes"],
                ["Thursday", "Meatballs", "no"],
                ["Friday", "Pancakes", "yes"],
            ]
        }
    )
    return {"week plan 6c.docx": week, "letter.html": trip.encode(), "canteen.xlsx": canteen}


def workshop() -> Files:
    """Return the questions and answers of an open workshop, in three forms."""
    members = """# For members

**How do I book the laser cutter?**

On the screen at the entrance, at most six days ahead.

**May I bring my own material?**

Yes, but neither PVC nor galvanised steel.

**Is there a locker for my project?**

No, but you may leave it on the shelves for four weeks.

**What happens if I break a tool?**

Tell the desk. You only pay if you used it without an induction.
"""
    visitors = """<html><body><nav><a href="/">Start</a><a href="/shop">Shop</a></nav>
<h1>For visitors</h1>
<h3>How do I get an induction?</h3><p>Inductions are on Wednesdays at 18:30. Put your name on the
green list.</p>
<h3>What does a day pass cost?</h3><p>11.50 pounds; 7 pounds for students.</p>
<h3>Can children come along?</h3><p>From twelve years on, and with an adult.</p>
<footer>Newsletter. Imprint.</footer></body></html>
"""
    desk = """Q: Whom do I ring when the door does not open?
A: Osric, on 0161 496 0019, until ten in the evening.

Q: Do you have a kiln?
A: Not yet. One is promised for autumn 2026.

Q: When is the sewing corner open?
A: On Tuesdays, and on the first Saturday of the month.
"""
    return {
        "members.md": members.encode(),
        "visitors.html": visitors.encode(),
        "desk.txt": desk.encode(),
    }


def stoves() -> Files:
    """Return a comparison of three camping stoves, slides with a verdict, and two data sheets."""
    table = """<html><body><h1>Three stoves compared</h1><table>
<tr><th></th><th>Ember</th><th>Fjell</th><th>Gale</th></tr>
<tr><th>Weight</th><td>340 g</td><td>295 g</td><td>510 g</td></tr>
<tr><th>Fuel</th><td>gas</td><td>spirit</td><td>petrol</td></tr>
<tr><th>Boils a litre in</th><td>3:40 min</td><td>7:20 min</td><td>2:50 min</td></tr>
<tr><th>Price in pounds</th><td>49</td><td>36</td><td>89</td></tr>
<tr><th>Wind guard</th><td>no</td><td>yes</td><td>yes</td></tr></table></body></html>
"""
    verdict = pptx(
        [
            Slide(
                "Our advice",
                [
                    "For one walker: the Fjell",
                    "For families: the Gale",
                    "Beginners had better not use spirit",
                ],
                notes="The Gale was tried at minus six degrees on Ben Lawers.",
            ),
            Slide(
                "Where to buy",
                ["Prices are those of the makers"],
                grid=Grid(
                    [
                        ["Shop", "Town", "Sells"],
                        ["Summit House", "Kendal", "Ember, Gale"],
                        ["Pike & Tarn", "Keswick", "Fjell"],
                    ]
                ),
            ),
        ]
    )
    return {
        "comparison.html": table.encode(),
        "advice.pptx": verdict,
        "ember.txt": b"The Ember is made in Oulu by Tarn Works. Its spare set is T-11.\n",
        "fjell.txt": b"The Fjell is made in Voss by Holm & Daughters. Its burner can be cleaned.\n",
    }
