"""Folders of people who share something: a housing association and a rowing club."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def housing() -> Files:
    """Return a housing association's rules, charges, minutes, contacts and two repair policies."""
    rules = """# Calder Row Housing Association

Adopted by the members on 14 May 2022.

## Animals

Two cats or one dog may be kept in a flat. Animals that live in a tank need no permission, but the
tank may not hold more than 200 litres, because of the floors. Poultry is allowed in the gardens of
numbers 2 to 10 only, and never a cockerel.

## Quiet

Nobody wants to hear a drill at dawn. Between ten in the evening and seven in the morning, and on
Sundays until nine, it should be possible to sleep with the window open. Instruments may be
practised for two hours a day.

## Stairs and landings

Nothing is to stand on the stairs or the landings, neither pushchairs nor shoe racks nor plants,
since they are the way out in a fire. What is found there is taken to the cellar of number 12 and
kept for six weeks.

## Alterations

| Alteration | Permission | Form |
| Painting walls | not needed | |
| New floor covering | house manager | A3 |
| Cat flap | house manager | A3 |
| Satellite dish | committee | A5 |
| Taking out a wall | committee | A7 |

## Gardens

Sheds may cover six square metres at most. Hedges are cut by those on whose side they grow, once
before the end of June. Bonfires are not lit.

## Lodgers

Members may take in one lodger, provided that they tell the office the name beforehand. Letting to
holiday guests for single nights leads to the loss of the flat."""
    old_repairs = """# Repairs: who does what

Issued in March 2020.

Emergencies are seen to within 24 hours, everything else within 30 working days. A missed
appointment is made good with 10 pounds. Members pay for lost keys themselves: 18 pounds a key.

Smoke alarms are tested by the members, every month."""
    repairs = """# Repairs: who does what

Issued in February 2024. Replaces the sheet of March 2020.

Emergencies are seen to within 6 hours, everything else within 20 working days. An emergency is
whatever endangers people or lets water in: a burst pipe, a smell of gas, a front door that cannot
be locked, no heating between October and April. A dripping tap is none.

A missed appointment is made good with 25 pounds. Members pay for lost keys themselves: 22 pounds
a key.

The association sees to:

- roofs, gutters and outside walls
- boilers and radiators
- windows, except for panes broken by members

Members see to:

- light bulbs and fuses
- blocked sinks
- curtain rails"""
    minutes = """# Committee meeting of 11 September 2024

Present: Gwen Arkwright (chair), Imran Sethi, Lotte Brandt, Piers Gallagher

Apologies: Solveig Nash, Dorian Fell

1. The minutes of 12 June were approved.

2. Treasurer. Imran reported that the balance at the bank stands at 48,310 pounds, of which 30,000
are set aside for the roof of number 6. Three members are behind with their charges; he will write
to them.

3. Laundry. It was agreed by four votes to none to raise the price of a wash from 2 pounds to 2.40
from 1 November. Piers will order new tokens.

4. Bicycle store. Lotte has counted 31 bicycles, nine of them without a wheel or worse. Those that
nobody has claimed by the end of October go to the scouts.

5. The painting of the stairwells was put off until spring, because the only offer that came in, by
Hallam Decorators, was thought too dear at 7,900 pounds.

6. Lotte wishes to step down as secretary after four years. Nobody has come forward yet.

The next meeting is on 4 December at half past six in the common room."""
    correction = mail(
        "Lotte Brandt <secretary@calderrow.example>",
        "Correction to the minutes of 11 September",
        "Thu, 19 Sep 2024 20:14:00 +0100",
        """Dear neighbours,

two things went wrong in the minutes that I sent round on Sunday. The next
meeting is not on 4 December but on 27 November, same time, same place. And
the wash will cost 2.20, not 2.40; sorry, my handwriting.

Besides: somebody left a child's red scooter by the bins. It is in my kitchen
(number 8, top floor).

Lotte
""",
    )
    charges = """# Service charges from 1 April 2024

Charges are due on the first of the month. They cover water, cleaning of the stairs, the lift and
the insurance of the buildings. Contents are not insured by the association.

| Size of flat | Monthly charge | of which for the lift |
| One room | 74.00 | 6.50 |
| Two rooms | 96.50 | 8.00 |
| Three rooms | 121.00 | 9.50 |
| Four rooms | 143.50 | 11.00 |

Whoever lives on the ground floor does not pay for the lift. Parking spaces are let separately, at
32 pounds a month; the waiting list is kept by the office.

# If money is short

Please speak to us before you fall behind. Dorian Fell sees members in confidence on Tuesday
afternoons, and arrears can be paid off over up to ten months without interest."""
    questions = """<!doctype html><html><head><title>Questions</title></head><body>
<nav><a href="/">Home</a> <a href="/flats">Flats</a> <a href="/news">News</a></nav><main>
<h1>Questions that new members ask</h1>
<h3>How do I get rid of a sofa?</h3>
<p>The council fetches up to three large items a year without charge. Ring 01632 960 118 and put
them at the gate the night before, not earlier.</p>
<h3>Is there a room for parties?</h3>
<p>The common room can be had by members for 15 pounds an evening, until eleven. It holds forty.
Book with Piers Gallagher at least ten days ahead.</p>
<h3>My key is gone. What now?</h3>
<p>In office hours the house manager lets you in. After that ring the locksmith, Bell &amp; Bolt,
who knows our doors.</p>
<h3>When do I get my share back?</h3>
<p>The share of 500 pounds that you paid on joining is returned three months after you move out.</p>
<h3>Where do I put batteries?</h3>
<p>In the yellow tube beside the letter boxes of number 4.</p></main>
<footer>Calder Row Housing Association, 12 Calder Row. Cookies.</footer></body></html>
"""
    contacts = """Role,Name,Telephone,When
House manager,Tamsin Okoro,01632 960 144,Monday to Thursday 8 to 12
Office,Wilfred Hay,01632 960 140,Monday and Wednesday 14 to 17
Heating engineer,Carrow Heating,01632 960 171,day and night
Locksmith,Bell & Bolt,01632 960 165,day and night
Lift,Ascendo,01632 960 190,day and night
Gardener,Bruno Leclerc,01632 960 152,Fridays
"""
    return {
        "house rules.docx": docx(page(rules)),
        "repairs 2020.odt": odt(page(old_repairs)),
        "repairs 2024.odt": odt(page(repairs)),
        "minutes september.rtf": rtf(page(minutes)),
        "correction.eml": correction,
        "service charges.pdf": flowing(page(charges), foot="Calder Row Housing Association"),
        "questions.html": questions.encode(),
        "contacts.csv": contacts.encode(),
    }


def rowing() -> Files:
    """Return a rowing club's fees, safety rules, boats, mails on a regatta and annual minutes."""
    fees = """# Membership

The season runs from April to March. Subscriptions fall due on 1 April; whoever joins after
1 October pays half.

| Category | Subscription | Locker |
|---|---|---|
| Senior | 310 | 25 |
| Student | 155 | 25 |
| Junior (11 to 17) | 120 | none |
| Social | 45 | none |
| Family (two adults, any number of juniors) | 560 | 40 |

Novices take a course of six Saturdays before they are admitted. It costs 90 pounds, which is
counted towards the first subscription.

## Leaving

A member who wants to leave writes to the membership secretary by the last day of February.
Subscriptions already paid are kept by the club, except in the case of a move of more than 50
miles or a doctor's letter.

## Guests

A guest may row with us three times. After that he or she has to make up their mind.
"""
    safety = """# Safety on the water

## Who may go out

Nobody goes out who has not shown that they can swim 100 metres in light clothing. Juniors row only
when a launch is out, and they wear a buoyancy aid under all circumstances. Single sculls are for
members who have passed the capsize drill.

## When we stay ashore

- The flow at Ketton weir is above 35 cubic metres a second.
- The far bank cannot be made out from the landing stage.
- There is thunder, or has been within the past half hour.
- The wind is force 6 or more.

The captain, or in her absence the vice captain, flies the red flag. It is not a matter for
discussion.

## Before every outing

1. Write the crew, the boat and the time into the log.
2. Check the bow ball, the heel restraints and the hatch covers.
3. Fix a white light to bow and stern if it is within half an hour of sunset.
4. Take a telephone in a waterproof pouch.

## Keeping to the side

Upstream crews keep to the side of the meadow, downstream crews to the side of the railway. Between
the two bridges nobody overtakes and nobody stops.

## If you go in

Stay with the boat. It floats, and it is seen more easily than a head. Blow the whistle that is tied
to the seat. Whoever has swallowed river water and feels unwell within three weeks tells the doctor
about it, since leptospirosis begins like flu.
"""
    boats = """Boat,Type,Built,Crew weight in kg,Who may use it,State
Halcyon,eight,2016,80 to 90,first squad,fine
Old Thomas,eight,1998,75 to 95,everyone,fine
Persephone,coxed four,2021,65 to 75,women's squad,rigger bent
Wagtail,coxless four,2009,80 to 90,first squad,fine
Dabchick,double,2012,60 to 75,everyone,fine
Moorhen,double,2005,70 to 85,everyone,hole in the canvas
Kingfisher,single,2018,70 to 80,capsize drill,fine
Sedge,single,2011,55 to 65,capsize drill,on loan to Ketton School
"""
    regatta = mail(
        "Ffion Maddox <captain@stavely-rowing.example>",
        "Regatta weekend, all you need to know",
        "Mon, 02 Jun 2025 21:05:00 +0100",
        """Hello all,

the regatta at Great Marden is on Saturday 21 June. The trailer is loaded on
Thursday evening at 18:30, so please be there with a 10 mm spanner and no
excuses. The minibus leaves the boathouse at 06:15 and takes fourteen. Those
who drive themselves park in the field behind the church, which costs 5 pounds.

Our first race is at 09:40 (women's coxed four). Nadia brings the gazebo.
Lunch is everybody's own affair; there is a van that sells chips.

If you cannot come after all, tell Hamish and not me. The entry fee of 18
pounds a seat is not given back once the draw is out, which is on the 11th.

Ffion
""",
    )
    regatta_later = mail(
        "Hamish Orr <vicecaptain@stavely-rowing.example>",
        "Re: Regatta weekend, all you need to know",
        "Sat, 14 Jun 2025 10:31:00 +0100",
        """Morning,

the draw is out. Our women are off at 10:20 now and the Halcyon at 14:05.
That is why the minibus leaves at a quarter to seven.

Persephone will not be mended in time, so the women have been lent a boat by
Marden, called Bluebell. Do not forget to thank them.

Nadia has the flu. Who else owns a gazebo?

Hamish

On Mon, 02 Jun 2025 Ffion Maddox wrote:
> The minibus leaves the boathouse at 06:15 and takes fourteen.
""",
    )
    meeting = """# Annual general meeting, 23 March 2025

Held in the boathouse. Fifty-two members attended, which is more than the forty that the rules ask
for. The president, Aurelia Stott, took the chair.

The accounts, which had been laid out beforehand, show an income of 41,870 pounds and an expenditure
of 39,215. The largest single item was the new landing stage. They were accepted without a vote
against. Reuben Voss, who had looked through the books, said that he had found nothing amiss but for
a receipt for flares that nobody could explain.

Mr Latymer moved that the bar be opened on weekday evenings. There was a lively exchange. The motion
fell by 19 to 27, with six abstaining.

The subscription for juniors, which has been at 120 pounds since 2019, was put up to 130 with effect
from April 2026. All the others were left alone.

Elections:

| Office | Elected | Before |
| Captain | Ffion Maddox | Ffion Maddox |
| Vice captain | Hamish Orr | Clement Yates |
| Treasurer | Beatrice Lund | Beatrice Lund |
| Membership secretary | Jonah Achterberg | Rosalind Peel |
| Welfare officer | vacant | Sheila Dunmore |

The Pettifer cup for the member who has done the most for the club went to Clement Yates, who
mended the roof of the boathouse on his own after the storm.

Any other business: the kettle."""
    keys = """Notes for key holders

Gate: padlock, 4471 (new since Easter).
Boathouse: brass key, to be had from Jonah against a deposit of 20 pounds.
Alarm: press the star, then the year in which the club was founded. You have
forty seconds.

Last out: gas off at the bottle, shutters down, gym lights off. The outside
lamp stays on.

There is no drinking water from the tap on the stage; that one is river water.
"""
    guide = """# For parents of juniors

Juniors train on Wednesdays from five to half past six and on Sundays from nine to eleven. Please
collect them at the gate, since the lane is too narrow to turn in.

They should bring leggings that are not loose, a thin layer that dries quickly, a hat, and a second
set of everything. Wellingtons stay at home: a boot that fills with water pulls you down.

We take photographs for the website. If you would rather not see your child on it, a line to
Ffion is enough and you need give no reason.

What your child tells a coach stays with the coach, unless somebody is being hurt.

In the holidays there is no training, but for the camp in the last week of July, which costs 85
pounds with lunch. Brothers and sisters pay 60."""
    return {
        "membership.md": fees.encode(),
        "safety on the water.docx": docx(page(safety)),
        "boats.csv": boats.encode(),
        "mails/regatta 1.eml": regatta,
        "mails/regatta 2.eml": regatta_later,
        "agm 2025.pdf": flowing(page(meeting), foot="Stavely Rowing Club"),
        "key holders.txt": keys.encode(),
        "parents.odt": odt(page(guide)),
    }
