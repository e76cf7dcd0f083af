"""Folders of people at work: a small clinic's staff room, and a small company's onboarding."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import flowing
from evals.everyday.work import Files


def clinic() -> Files:
    """Return what hangs in a clinic's staff room: rota, rules, stocks, mails and fees."""
    rota = """# Rota, week 46

| | Monday | Tuesday | Wednesday | Thursday | Friday |
| Reception | Jola | Jola | Kemi | Kemi | Jola |
| Blood room | Kemi | Stefan | Stefan | Jola | Stefan |
| Dr Averell | in | in | at Fernleigh | in | off |
| Dr Pashley | in | off | in | in | in |
| On call | Averell | Pashley | Pashley | Averell | Pashley |

Swaps are written into the book by the kettle and initialled by both. Swaps that are only told to
somebody do not exist.

The late shift ends at 19:30. Whoever has it may come at eleven the next day."""
    needles = """# If you have pricked yourself

It happens to the most careful. Do not suck the wound, and do not be ashamed.

1. Let it bleed, under running water, for five minutes.
2. Cover it with a plaster.
3. Find out whose blood it was.
4. Ring Occupational Health on 2270, within the hour. At night it is 2999.
5. Fill in the blue form together with the practice manager.

The needle goes into the yellow bin, as always. The bin is changed when it is three quarters full,
not when it is full.

# Infection

Hands are washed before and after every patient. Rings and watches stay in the locker. Anyone who
has had diarrhoea or has been sick comes back 48 hours after it has stopped and not before, however
thin the rota. Masks are a matter of choice, except with patients who have had a transplant.

# When somebody shouts

Press the button under the desk and step back. Nobody has to put up with insults; you may end a
call after one warning. Every incident is entered, even if it ended well."""
    fridge = """# Vaccine fridge

The temperature is to be between 2 and 8 degrees. It is read twice a day, at opening and before
closing, and written on the card on the door. If the door has stood open:

- for less than ten minutes: close it and read again after half an hour
- for longer: touch nothing, stick the red label on, and ring the pharmacist

The pharmacist is Ludmila Frayne, extension 2214. What she has released gets a green label.

Food does not go in here. There has been a yoghurt.
"""
    stock = """Item,Code,On the shelf,Order when below,Supplier
Gloves S,CL-101,4 boxes,6,Medway
Gloves M,CL-102,19 boxes,10,Medway
Plasters,CL-117,8 boxes,5,Medway
Blood tubes purple,CL-131,260,200,Hartmann Lab
Blood tubes yellow,CL-132,140,200,Hartmann Lab
Urine pots,CL-140,95,50,Hartmann Lab
Flu vaccine,CL-201,42,30,Northgate Pharma
Tetanus vaccine,CL-204,11,15,Northgate Pharma
"""
    holidays = mail(
        "Moira Penhallow <manager@lowmoor-clinic.example>",
        "Leave over Christmas",
        "Fri, 11 Oct 2024 12:40:00 +0100",
        """Dear all,

the clinic is shut on 25, 26 and 27 December and on 1 January. On Christmas
Eve we close at one. Those who want days off in between tell me by 31 October;
if too many want the same, it goes by lot, but whoever worked last year comes
first.

And please, the mugs. The dishwasher is not full of elves.

Moira
""",
    )
    holidays_later = mail(
        "Moira Penhallow <manager@lowmoor-clinic.example>",
        "Re: Leave over Christmas",
        "Mon, 14 Oct 2024 08:55:00 +0100",
        """Sorry, I was wrong about the 27th. The health board wants us open on that
day, with one doctor and one at reception. Double pay, or a day in lieu,
whichever you prefer. Dr Pashley has already said that she will do it.

The other days stay as they were. You also get a week longer: tell me by
7 November.

Moira
""",
    )
    training = """# Training and money

## Courses

Everybody has a right to four days of training a year and up to 450 pounds for fees. Courses are
proposed on form T2 and approved by the practice manager; those that cost more than 450 go to the
partners. Resuscitation is refreshed every year and does not count towards the four days.

| Course | Where | When | Places |
| Resuscitation | Staff room | 9 January | 8 |
| Wound care | Fernleigh | 22 January | 14 |
| Taking blood from children | Royal Infirmary | 5 February | 2 |
| Difficult conversations | online | any time | no limit |

## Expenses

Travel is paid by the mile, at 45 pence. Parking at the Infirmary is paid, fines are not. Receipts
are handed in by the 20th and the money comes with that month's wages.

## If you are ill

Let reception know by half past seven. A note is needed from the eighth day on. We pay in full for
the first ten weeks and half for the following ten.

## Leaving us

Four weeks in the first two years, eight weeks after that. The badge and the fob are handed to
Moira; a fob that is not found costs 35 pounds."""
    phones = """<html><body><h1>Who to ring</h1><table>
<tr><th>For</th><th>Ring</th><th>Extension</th></tr>
<tr><td>Computers</td><td>Raj, health board</td><td>2300</td></tr>
<tr><td>Wages</td><td>Bronagh Tighe</td><td>2251</td></tr>
<tr><td>Cleaning, spills</td><td>Estates</td><td>2345</td></tr>
<tr><td>Interpreters</td><td>Language line</td><td>2280</td></tr>
<tr><td>Safeguarding</td><td>Dr Averell</td><td>2203</td></tr></table>
<p>The Language line has somebody for Polish and Arabic at once. Romanian, Tigrinya and Dari need to
be booked a day ahead.</p>
<p>The code of the staff entrance is 7 0 4 2 and then the bell sign.</p></body></html>
"""
    return {
        "rota 46.docx": docx(page(rota)),
        "needles and hygiene.pdf": flowing(page(needles)),
        "vaccine fridge.md": fridge.encode(),
        "stock.csv": stock.encode(),
        "mails/christmas.eml": holidays,
        "mails/christmas re.eml": holidays_later,
        "training and money.rtf": rtf(page(training)),
        "phones.html": phones.encode(),
    }


def onboarding() -> Files:
    """Return what a small software company gives to those who start: handbook, mails, benefits."""
    welcome = """# Welcome to Thistle Labs

We make timetables for bus companies. There are 23 of us, and since the move in May we have all sat
on the third floor of the old glove factory.

## Your first day

Come at half past nine, not earlier, since nobody will be there to let you in. Ask for Petra at the
desk on the ground floor. She gives you the badge and takes your photograph. Your laptop lies on
your desk; the password is on a slip under it, and the first thing you do is change it.

At noon your buddy takes you to lunch, which is on the company.

## Your first weeks

| When | What | With whom |
| Day 2 | Security training | Ingmar Soltau |
| Day 3 | How our customers work | Delphine Roux |
| Week 2 | Ride on a night bus | your buddy |
| Week 4 | First review | your team lead |
| Month 5 | Review at the end of probation | your team lead and Petra |

The probation period is five months. During it either side can part with two weeks' notice.

## When we work

We have no clocks. The week has 37.5 hours, and between ten and three everybody can be reached. You
may work from home on up to three days a week. Tuesday is the day on which all of us are in.

Working from another country is fine for 20 days a year, inside the EU, if Petra knows two weeks
before.

## Meetings

None on Wednesdays."""
    leave_old = """# Leave and absence (handbook 2023)

You have 27 days of leave. Up to five can be carried over and must be taken by the end of March.
Leave is entered in the tool and approved by your team lead.

For a sick child you have ten paid days a year."""
    leave = """# Leave and absence (handbook 2025)

Valid from 1 January 2025. The page of 2023 no longer applies.

You have 30 days of leave. Up to eight can be carried over and must be taken by the end of June.
Leave is entered in the tool and approved by your team lead; more than three weeks in one go need
the blessing of Magnus.

For a sick child you have twelve paid days a year, whatever its age. Moving house: one day. A
wedding, your own: two days. A death in the family: as long as it takes, talk to Petra.

After three years with us you can take a sabbatical of up to three months, unpaid, with half a
year's warning."""
    benefits = """Benefit,Amount,From when,Ask
Train pass,49 euros a month,first day,Petra Vlasak
Gym,up to 30 euros a month,first day,Petra Vlasak
Pension,5 % of salary on top,seventh month,Gunnar Eide
Bicycle by lease,one bicycle,seventh month,Gunnar Eide
Books,no limit,first day,nobody
Conference,1500 euros a year,second year,team lead
Home office,400 euros once,first day,Gunnar Eide
"""
    expenses = mail(
        "Gunnar Eide <gunnar@thistle.example>",
        "How to get your money back",
        "Mon, 03 Feb 2025 09:30:00 +0100",
        """Hi all,

since I am being asked this every other day:

- Photograph the receipt, drop it into the tool, done. No paper please.
- Until 100 euros you decide yourselves. Until 1000 your team lead decides.
  Above that it is Magnus.
- Trains: second class. First class if the trip takes more than four hours.
- Hotels: up to 140 euros a night, breakfast included.
- Money is back in your account within ten days.
- What is older than two months I cannot book any more. Really.

Alcohol is not refunded, with one exception, and that is when a customer is at
the table.

Gunnar
""",
    )
    expenses_later = mail(
        "Gunnar Eide <gunnar@thistle.example>",
        "Re: How to get your money back",
        "Wed, 12 Mar 2025 16:02:00 +0100",
        """Hi again,

hotels have become silly. The limit is 165 euros from now on, and in
Copenhagen and Zurich 210.

I am away from 17 March to 4 April; Shirin Moradi does the books meanwhile.

Gunnar
""",
    )
    security = """# Security in ten sentences

1. Your disk is encrypted, and it stays that way.
2. Passwords live in the vault and nowhere else, least of all in chat.
3. Lock the screen when you stand up: the others will otherwise order cake in your name.
4. Customer data never goes onto a private device, nor into a translator on the web.
5. Visitors are never left alone, not even nice ones.
6. A stick that you have found is handed to Ingmar unread.
7. Updates are installed within a week.
8. If you have clicked on something stupid, say so at once; nobody has ever been told off for it.
9. A lost laptop or telephone is reported within two hours, day or night, on +49 30 5550 117.
10. What we build is backed up every night at two, and the backups are kept for ninety days.

# Who can see what

| System | Who has access | Who grants it |
| Source code | all developers | Ingmar Soltau |
| Customer database | support | Delphine Roux |
| Wages | Gunnar Eide and Magnus Thorne | nobody |
| Door log | Petra Vlasak | Magnus Thorne |
"""
    people = """<html><body><h1>People</h1><table>
<tr><th>Name</th><th>Does</th><th>Desk</th><th>Short</th></tr>
<tr><td>Magnus Thorne</td><td>founder, managing director</td><td>3.01</td><td>mt</td></tr>
<tr><td>Petra Vlasak</td><td>people and office</td><td>3.02</td><td>pv</td></tr>
<tr><td>Gunnar Eide</td><td>finance</td><td>3.02</td><td>ge</td></tr>
<tr><td>Ingmar Soltau</td><td>infrastructure and security</td><td>3.11</td><td>is</td></tr>
<tr><td>Delphine Roux</td><td>customers and support</td><td>3.07</td><td>dr</td></tr>
<tr><td>Shirin Moradi</td><td>data</td><td>3.12</td><td>sm</td></tr>
<tr><td>Obi Nwosu</td><td>team lead, planner</td><td>3.14</td><td>on</td></tr>
<tr><td>Katja Lindqvist</td><td>team lead, apps</td><td>3.15</td><td>kl</td></tr></table>
<h2>Small things</h2>
<p>The coffee machine is descaled by whoever sees the orange light. Dogs are welcome on Thursdays
and Fridays, provided that Shirin is told, who is allergic.</p>
<p>The network for guests is called thistle-guest; the word changes monthly and hangs by the
printer. The meeting room Bramble has the good screen.</p></body></html>
"""
    return {
        "welcome.docx": docx(page(welcome)),
        "handbook/leave 2023.md": leave_old.encode(),
        "handbook/leave 2025.odt": odt(page(leave)),
        "benefits.csv": benefits.encode(),
        "mails/expenses.eml": expenses,
        "mails/expenses re.eml": expenses_later,
        "security.pdf": flowing(page(security), foot="Thistle Labs, internal"),
        "people.html": people.encode(),
    }
