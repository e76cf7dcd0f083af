"""A folder of a family's papers: insurance, warranties, letters of a school, a will."""

from evals.everyday.office import docx, mail, odt, page, rtf
from evals.everyday.paper import Leaf, flowing, leaves
from evals.everyday.work import Files


def papers() -> Files:
    """Return a family's papers, the oldest of which is a will and the newest a school's mail."""
    will = leaves(
        [
            Leaf(
                [
                    "# LAST WILL of Edith Rosamund Barlow",
                    "",
                    "I, Edith Rosamund Barlow, of 3 Quarry Bank, Selby, widow, revoke",
                    "all earlier wills.",
                    "",
                    "I appoint my son Leonard Barlow and my friend Constance Abney to",
                    "see to it that this will is carried out.",
                    "",
                    "My house goes to my two children, Leonard and Harriet, in equal",
                    "parts. Should one of them have died before me, his or her part",
                    "goes to that one's children.",
                    "",
                    "To my granddaughter Josephine I leave the piano and 4,000 pounds,",
                    "the money not before her twenty-first birthday.",
                    "",
                    "The sea chest and what is in it shall be the property of my",
                    "grandson Felix.",
                ]
            ),
            Leaf(
                [
                    "My neighbour Mr Sanjay Dutt may choose ten books.",
                    "",
                    "The lifeboat institution at Whitby receives 1,500 pounds.",
                    "",
                    "Whatever is left after that is shared like the house.",
                    "",
                    "I wish to be cremated, and nobody is to wear black.",
                    "",
                    "Selby, 8 June 2017",
                    "",
                    "In the presence of: Ruth Oddie, baker; Miles Tranter, postman",
                ]
            ),
        ],
        foot="Will of E. R. Barlow",
    )
    household = """# Saltire Mutual

Household insurance, policy HH-702-4419

Policyholders: Harriet and Daniel Moss, 27 Larch Avenue, York

| What | Sum insured | You bear yourself |
| Contents | 60,000 | 150 |
| Bicycles, each | 1,200 | 100 |
| Glass | no limit | 0 |
| Garden furniture | 2,000 | 150 |
| Jewellery in the house | 7,500 | 250 |

The yearly premium is 268.40 pounds, taken from your account on 15 March.

## What we do not pay for

We do not pay for damage by rising ground water, by moths, or by pets of your own. Money in cash is
covered up to 300 pounds. If nobody lives in the house for more than 45 days running, theft is not
covered unless you have told us.

A bicycle is covered outside the house only if it was locked to something that cannot be carried
away.

## If something has happened

Let us know within seven days, after a burglary without delay, and hand the police a list of what
is gone. Keep broken things until we have written to you. Our telephone for claims is
0113 496 0330.

## Ending

The contract is renewed by itself for a year, unless one side ends it in writing a month before
15 March."""
    car = mail(
        "Saltire Mutual <service@saltire.example>",
        "Your car insurance MV-118-0072: changes",
        "Thu, 05 Dec 2024 07:15:00 +0000",
        """Dear Ms Moss,

thank you for telling us about your new car. From 10 December 2024 your policy
MV-118-0072 is for the Skoda with the number YK24 VNB; the Fiesta is no longer
insured with us.

Drivers: you and Daniel Moss. Josephine Moss can be added once she has held
her licence for a year.

The premium rises from 412 pounds to 455 pounds a year because of the larger
engine. Your bonus of eleven years without a claim is kept.

Breakdown help is included in Great Britain, not abroad. Ring 0113 496 0399.

Kind regards
Orla Quigley
""",
    )
    washer = """# Brandt & Holm: guarantee card

Washing machine Lagune 7, serial number LG7-5528193

Bought on 3 May 2023 from Fairfax Electrical, York, for 489 pounds.

We put right free of charge any fault of making or material within two years of the day of
purchase. The motor is guaranteed for ten years; after the second year you pay for the fitter's
time.

Void if opened by anyone but us, used in a launderette, or run without the filter.

To make a claim, have the card and the bill at hand and ring 0800 496 0812. A fitter comes within
five working days."""
    extension = """Fairfax Electrical, York
Till receipt no. 20931           3 May 2023   16:52

Lagune 7 washing machine             489.00
Delivery and connection               35.00
Taking away of the old one            12.00
Extra cover to 5 years                64.00
                                     ------
Total                                600.00
Paid by card

Goods can be brought back within 30 days if they have not been used.
Served by: Colette
"""
    school = """# Larch Hill School

Dear parents of Year 5,

this year's journey takes us to the field centre at Hawes, from Monday 12 to Friday 16 May. The
children sleep in rooms of six. We go by train, as we believe that getting there is part of it.

The cost is 235 pounds. If this is more than you can manage, talk to Mrs Adeyemi in the office;
there is a fund, and nobody else will hear of it. A first part of 60 pounds is due by 31 January,
the rest by 4 April.

They need a waterproof jacket, boots that have been worn before, a torch, a water bottle and one
soft toy at most. They do not need a telephone; those that turn up will be locked away until Friday.

Please give us in writing what your child must not eat and any medicine that it takes. Medicine is
handed to Mr Fothergill, never packed.

Whoever stays at home comes to school as usual and joins Year 4.

Yours sincerely

Philippa Stanhope, head teacher"""
    school_later = mail(
        "Larch Hill School <office@larchhill.example>",
        "Hawes: changes",
        "Tue, 25 Mar 2025 15:20:00 +0000",
        """Dear parents of Year 5,

the railway is being repaired in that week, so we shall go by coach after all.
It leaves from the swimming baths at 8:45 on the Monday. Because the coach is
cheaper, the journey costs 220 pounds now; please pay 160 as the second part.

Mr Fothergill has broken his leg. Miss Blythe goes in his place and has also
taken over the medicines.

We are back on Friday at about three.

Office
""",
    )
    health = """Felix Moss: what the doctors need to know
(kept by Harriet, last changed in February 2025)

Born 9 October 2014, blood group A negative.
NHS number 943 476 5919.

Penicillin gives him a rash all over, so never that. Hazelnuts make his lips
swell. The pen is in the drawer under the telephone, a second one is in his
satchel; both expire in August 2026.

Jabs: tetanus last in 2018, due again in 2028. Measles twice.

Broke his left wrist in 2022 on the trampoline, which is why there is no
longer a trampoline.

Glasses since last autumn, only for the blackboard.

Dentist: Dr Marchetti, every six months, next on 3 June at 16:10.
"""
    where = """# Where things are

For Josephine, when we are away.

The stopcock for the water is behind the boots in the cupboard under the stairs; it turns to the
right. The fuse box is in the garage, above the freezer. The boiler's pressure has to be between 1
and 1.5.

| Thing | Place |
| Spare house key | with the Dutts at number 31 |
| Passports | blue tin, top of the wardrobe |
| Grandma's will | solicitor, Messrs Hobbs & Lyle |
| Birth certificates | filing box, letter B |
| Car papers | kitchen drawer |

The bins go out on Wednesday evening, black and green in turn. The tortoise gets a handful of
dandelion every morning and nothing at all between November and March, when she sleeps.

Granny rings on Sundays. Please be nice."""
    return {
        "will.pdf": will,
        "household insurance.pdf": flowing(page(household), foot="Saltire Mutual"),
        "car insurance.eml": car,
        "washing machine.rtf": rtf(page(washer)),
        "receipt fairfax.txt": extension.encode(),
        "school journey.docx": docx(page(school)),
        "school journey changes.eml": school_later,
        "felix health.txt": health.encode(),
        "where things are.odt": odt(page(where)),
    }
