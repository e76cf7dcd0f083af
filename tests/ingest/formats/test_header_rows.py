"""Header rows told from data in small tables as people make them, most of them of words alone."""

import pytest

from assistant.ingest.formats.table import write_rows
from assistant.values import Role

NAMED = """
Name / Role / Room
Ines Moor / Bursar / 12
Otto Beck / Porter / 3

Name / Role
Ines Moor / Bursar
Otto Beck / Porter

Project Lead / Project
Ines Moor / Roof of the hall
Otto Beck / New boiler

Plant / Light / Water
Fern / shade / weekly
Cactus / sun / monthly
Ivy / shade / weekly

Question / Answer
Where is the key? / In the blue box.
Who has the code? / The porter has it.

Fach / Lehrkraft / Raum
Chemie / Frau Aumann / Labor
Musik / Herr Tiele / Aula

Tâche / Responsable
Ouvrir le portail / Mme Roux
Fermer le portail / M. Petit

Ciudad / País / Idioma
Bilbao / España / euskera
Oporto / Portugal / portugués

Day / Dish
Monday / Lentil soup
Tuesday / Fish pie

Symptom / Cause / Remedy
No light / Lamp broken / Change the lamp
No heat / Fuse gone / Change the fuse

City / 2019 / 2020
Alba / 4.1 / 4.4
Senn / 2.0 / 2.3

Item / Qty / Unit price
Rope 8 mm / 3 / 4.10
Hook / 12 / 0.80

Code / Meaning
E01 / No water
E02 / Door open

Task / Owner / Done
Paint the gate / Ines / yes
Oil the hinge / Otto / no

Term / Definition
Sluice / A gate in a canal
Weir / A low dam

Bus line / Stop
Line 4 / Mill Lane
Line 7 / Harbour

Requirement / Met
The roof is tight / yes
The floor is dry / no

Date / What happened
4 May 2023 / A warden was chosen
9 May 2023 / The pier was closed

Old name / New name
Mill Road / Station Road
Mill Lane / Station Lane

Animal / Sound
Cow / moo
Dog / woof
Cat / meow

Sl. No. / Person
1 / Ines Moor
2 / Otto Beck

Supplier / City / Delivers
Garn & Co / Kiel / wool
Holt Ltd / Hull / cotton

First name / Last name
Ines / Moor
Otto / Beck

Measure / Start / End
Roof repair / spring / summer
New floor / summer / autumn

Team / Captain
Red Lions / Ines Moor
Blue Herons / Otto Beck

Room / Seats / Beamer
Aula / 120 / yes
Lab / 24 / no

Article (new) / Price in EUR
Pen / 1.20
Book / 9.00

Risk / Likelihood / Impact
Flood / low / high
Fire / low / high
Theft / high / low
"""
BARE = """
Ines Moor / Bursar / 12
Otto Beck / Porter / 3

Ines Moor / Bursar
Otto Beck / Porter
Ada Lund / Gardener

Fern / shade / weekly
Cactus / sun / monthly
Ivy / shade / weekly

plain / this line is plain, as it should be
slanted / this line is slanted, as it should be
struck / this line is struck, as it should be

Monday / 8:00
Tuesday / 9:00

Alba / harbour / overdue
Brisa / yard / paid
Corva / harbour / overdue

Rope 8 mm / 4.10
Hook / 0.80

Invoice / 2026-118
Due / 30 June 2026

ines@moor.example / Ines Moor
otto@beck.example / Otto Beck

https://a.example / Guide
https://b.example / Map

Cow / moo / farm
Dog / woof / house
Hen / cluck / farm

Opening times / Monday to Friday, 9 to 17
Telephone / 0123 456

Room 4 / Aula
Room 5 / Lab

E01 / No water
E02 / Door open

+47 400 11 22 / Ines
+47 400 33 44 / Otto

The roof is tight. / The floor is dry.
The door is shut. / The lamp is lit.

Herr Tiele / Musik / Aula
Frau Aumann / Chemie / Labor
Herr Rode / Sport / Aula

9 am / Breakfast
10 am / Walk

yes / Ines
no / Otto
yes / Ada

Lentil soup / vegan / Monday
Fish pie / fish / Tuesday
Bean stew / vegan / Wednesday

Ines Moor / Kiel / likes rowing
Otto Beck / Hull / likes chess
Ada Lund / Kiel / likes tennis

Press the red button / to stop the belt
Press the green button / to start the belt

1 / Ines
2 / Otto

true / on
false / off

4 May 2023 / A warden was chosen
9 May 2023 / The pier was closed
"""


def tables(text: str) -> list[list[list[str]]]:
    return [
        [line.split(" / ") for line in table.split("\n")] for table in text.strip().split("\n\n")
    ]


def has_names(rows: list[list[str]]) -> bool:
    return any(role is Role.NAMES for _, _, role in write_rows(enumerate(rows)))


@pytest.mark.parametrize("rows", tables(NAMED), ids=lambda rows: " ".join(rows[0]))
def test_a_row_of_names_names_the_rows_below(rows: list[list[str]]) -> None:
    assert has_names(rows)


@pytest.mark.parametrize("rows", tables(BARE), ids=lambda rows: " ".join(rows[0]))
def test_a_first_row_like_the_others_names_nothing(rows: list[list[str]]) -> None:
    assert not has_names(rows)
